import { main } from "/work/main/src/cli/main";
import { sha256 } from "/work/main/src/launcher";
import { memoryIo } from "/work/main/test/memory-io";
import * as fs from "fs";
const text=(b:Uint8Array)=>Buffer.from(b).toString("latin1");
function blockSum(words: Int32Array){let sum=0x811c9dc5|0;for(const w of words){sum=Math.imul(sum^w,0x01000193);sum^=sum>>>15;}return sum;}
function forged(file:Uint8Array, block:(w:Int32Array)=>void){
 const [first,line]=text(file).split("\n",3) as [string,string];
 const from=first.length+line.length+64+3;
 const words=new Int32Array(file.slice(from).buffer); block(words);
 words[4]=blockSum(words.subarray(5));
 const sum=(words[4]!>>>0).toString(16).padStart(8,"0");
 const lie=JSON.stringify({...JSON.parse(line),block:sum});
 return new Uint8Array(Buffer.concat([Buffer.from(`${first}\n${lie}\n${sha256(Buffer.from(lie))}\n`,"latin1"),new Uint8Array(words.buffer)]));
}
let seed=Number(process.argv[2]??1); const rnd=(n:number)=>{seed=(seed+0x6d2b79f5)|0;let t=Math.imul(seed^(seed>>>15),1|seed);t=(t+Math.imul(t^(t>>>7),61|t))^t;return ((t^(t>>>14))>>>0)%n;};
const N=Number(process.argv[3]??300);
(async()=>{
 const files:any={};
 {const {io}=memoryIo(files); await main(["--snapshot","r","--at","200000","--memory","4","--cpus","2"],io);}
 {const {io}=memoryIo(files); files.rom=new Uint8Array(fs.readFileSync("/usr/share/seabios/bios.bin")); await main(["machine","--rom","rom","--snapshot","m","--at","3000000","--memory","4","--cpus","2"],io);}
 const kinds=new Map<string,number>();
 for(let i=0;i<N;i++){
  const which=rnd(2)?"r":"m"; const s0=seed;
  const s=forged(files[which],(w)=>{
    const pages=w[3]!; const n=1+rnd(3);
    for(let k=0;k<n;k++){ const p= rnd(3)? rnd(Math.min(5,pages)) : rnd(pages); 
      const off=5+p*1025+1+rnd(rnd(2)?1024:200); w[off]= rnd(3)===0? -1 : rnd(3)===0? 0x7fffffff : rnd(2)? rnd(64): rnd(0x7fffffff); }
  });
  const {io,err}=memoryIo({s});
  const t=Date.now();
  let what:string;
  try{ const st=await main([which==="r"?"run":"machine","--restore","s","--max-instructions","3100000"],io); what="status "+st; if(!/^(lguest: [^\n]+\n)+$/.test(err())&&!/POST/.test(err())) what+=" odd: "+err().slice(0,100);}
  catch(e:any){ what="THROW "+e.name+" "+String(e.message).slice(0,70)+" "+(e.stack.split("\n")[1]??"").trim(); }
  const d=Date.now()-t; if(d>10000) what="SLOW "+d+" "+what;
  if(!kinds.has(what)) console.log(i,which,s0,what);
  kinds.set(what,(kinds.get(what)??0)+1);
 }
 console.log([...kinds].sort((a,b)=>b[1]-a[1]).slice(0,40));
})();
