// Woven from chapters/900-table.md.
const arithmetic = `
00 /r        add       Eb,Gb       lock w=OSZAPC
01 /r        add       Ev,Gv       lock w=OSZAPC
02 /r        add       Gb,Eb       w=OSZAPC
03 /r        add       Gv,Ev       w=OSZAPC
04           add       AL,Ib       w=OSZAPC
05           add       eAX,Iz      w=OSZAPC
08 /r        or        Eb,Gb       lock w=OSZPC u=A
09 /r        or        Ev,Gv       lock w=OSZPC u=A
0A /r        or        Gb,Eb       w=OSZPC u=A
0B /r        or        Gv,Ev       w=OSZPC u=A
0C           or        AL,Ib       w=OSZPC u=A
0D           or        eAX,Iz      w=OSZPC u=A
10 /r        adc       Eb,Gb       lock r=C w=OSZAPC
11 /r        adc       Ev,Gv       lock r=C w=OSZAPC
12 /r        adc       Gb,Eb       r=C w=OSZAPC
13 /r        adc       Gv,Ev       r=C w=OSZAPC
14           adc       AL,Ib       r=C w=OSZAPC
15           adc       eAX,Iz      r=C w=OSZAPC
18 /r        sbb       Eb,Gb       lock r=C w=OSZAPC
19 /r        sbb       Ev,Gv       lock r=C w=OSZAPC
1A /r        sbb       Gb,Eb       r=C w=OSZAPC
1B /r        sbb       Gv,Ev       r=C w=OSZAPC
1C           sbb       AL,Ib       r=C w=OSZAPC
1D           sbb       eAX,Iz      r=C w=OSZAPC
20 /r        and       Eb,Gb       lock w=OSZPC u=A
21 /r        and       Ev,Gv       lock w=OSZPC u=A
22 /r        and       Gb,Eb       w=OSZPC u=A
23 /r        and       Gv,Ev       w=OSZPC u=A
24           and       AL,Ib       w=OSZPC u=A
25           and       eAX,Iz      w=OSZPC u=A
28 /r        sub       Eb,Gb       lock w=OSZAPC
29 /r        sub       Ev,Gv       lock w=OSZAPC
2A /r        sub       Gb,Eb       w=OSZAPC
2B /r        sub       Gv,Ev       w=OSZAPC
2C           sub       AL,Ib       w=OSZAPC
2D           sub       eAX,Iz      w=OSZAPC
30 /r        xor       Eb,Gb       lock w=OSZPC u=A
31 /r        xor       Ev,Gv       lock w=OSZPC u=A
32 /r        xor       Gb,Eb       w=OSZPC u=A
33 /r        xor       Gv,Ev       w=OSZPC u=A
34           xor       AL,Ib       w=OSZPC u=A
35           xor       eAX,Iz      w=OSZPC u=A
38 /r        cmp       Eb,Gb       w=OSZAPC
39 /r        cmp       Ev,Gv       w=OSZAPC
3A /r        cmp       Gb,Eb       w=OSZAPC
3B /r        cmp       Gv,Ev       w=OSZAPC
3C           cmp       AL,Ib       w=OSZAPC
3D           cmp       eAX,Iz      w=OSZAPC
80 /0        add       Eb,Ib       lock w=OSZAPC
80 /1        or        Eb,Ib       lock w=OSZPC u=A
80 /2        adc       Eb,Ib       lock r=C w=OSZAPC
80 /3        sbb       Eb,Ib       lock r=C w=OSZAPC
80 /4        and       Eb,Ib       lock w=OSZPC u=A
80 /5        sub       Eb,Ib       lock w=OSZAPC
80 /6        xor       Eb,Ib       lock w=OSZPC u=A
80 /7        cmp       Eb,Ib       w=OSZAPC
81 /0        add       Ev,Iz       lock w=OSZAPC
81 /1        or        Ev,Iz       lock w=OSZPC u=A
81 /2        adc       Ev,Iz       lock r=C w=OSZAPC
81 /3        sbb       Ev,Iz       lock r=C w=OSZAPC
81 /4        and       Ev,Iz       lock w=OSZPC u=A
81 /5        sub       Ev,Iz       lock w=OSZAPC
81 /6        xor       Ev,Iz       lock w=OSZPC u=A
81 /7        cmp       Ev,Iz       w=OSZAPC
82 /0        add       Eb,Ib       alias lock w=OSZAPC
82 /1        or        Eb,Ib       alias lock w=OSZPC u=A
82 /2        adc       Eb,Ib       alias lock r=C w=OSZAPC
82 /3        sbb       Eb,Ib       alias lock r=C w=OSZAPC
82 /4        and       Eb,Ib       alias lock w=OSZPC u=A
82 /5        sub       Eb,Ib       alias lock w=OSZAPC
82 /6        xor       Eb,Ib       alias lock w=OSZPC u=A
82 /7        cmp       Eb,Ib       alias w=OSZAPC
83 /0        add       Ev,Ibs      lock w=OSZAPC
83 /1        or        Ev,Ibs      lock w=OSZPC u=A
83 /2        adc       Ev,Ibs      lock r=C w=OSZAPC
83 /3        sbb       Ev,Ibs      lock r=C w=OSZAPC
83 /4        and       Ev,Ibs      lock w=OSZPC u=A
83 /5        sub       Ev,Ibs      lock w=OSZAPC
83 /6        xor       Ev,Ibs      lock w=OSZPC u=A
83 /7        cmp       Ev,Ibs      w=OSZAPC
`;

const single = `
40+r         inc       Zv          w=OSZAP
48+r         dec       Zv          w=OSZAP
FE /0        inc       Eb          lock w=OSZAP
FE /1        dec       Eb          lock w=OSZAP
FF /0        inc       Ev          lock w=OSZAP
FF /1        dec       Ev          lock w=OSZAP
84 /r        test      Eb,Gb       w=OSZPC u=A
85 /r        test      Ev,Gv       w=OSZPC u=A
A8           test      AL,Ib       w=OSZPC u=A
A9           test      eAX,Iz      w=OSZPC u=A
F6 /0        test      Eb,Ib       w=OSZPC u=A
F6 /1        test      Eb,Ib       alias w=OSZPC u=A
F6 /2        not       Eb          lock
F6 /3        neg       Eb          lock w=OSZAPC
F6 /4        mul       Eb          w=OC u=SZAP
F6 /5        imul      Eb          w=OC u=SZAP
F6 /6        div       Eb          u=OSZAPC
F6 /7        idiv      Eb          u=OSZAPC
F7 /0        test      Ev,Iz       w=OSZPC u=A
F7 /1        test      Ev,Iz       alias w=OSZPC u=A
F7 /2        not       Ev          lock
F7 /3        neg       Ev          lock w=OSZAPC
F7 /4        mul       Ev          w=OC u=SZAP
F7 /5        imul      Ev          w=OC u=SZAP
F7 /6        div       Ev          u=OSZAPC
F7 /7        idiv      Ev          u=OSZAPC
69 /r        imul      Gv,Ev,Iz    w=OC u=SZAP
6B /r        imul      Gv,Ev,Ibs   w=OC u=SZAP
0F AF /r     imul      Gv,Ev       w=OC u=SZAP
27           daa       -           r=AC w=SZAPC u=O
2F           das       -           r=AC w=SZAPC u=O
37           aaa       -           r=A w=AC u=OSZP
3F           aas       -           r=A w=AC u=OSZP
D4           aam       Ib          w=SZP u=OAC
D5           aad       Ib          w=SZP u=OAC
98           cbw       -
99           cwd       -
`;

const shifts = `
C0 /0        rol       Eb,Ib       w=C u=O
C0 /1        ror       Eb,Ib       w=C u=O
C0 /2        rcl       Eb,Ib       r=C w=C u=O
C0 /3        rcr       Eb,Ib       r=C w=C u=O
C0 /4        shl       Eb,Ib       w=SZPC u=OA
C0 /5        shr       Eb,Ib       w=SZPC u=OA
C0 /6        shl       Eb,Ib       alias w=SZPC u=OA
C0 /7        sar       Eb,Ib       w=SZPC u=OA
C1 /0        rol       Ev,Ib       w=C u=O
C1 /1        ror       Ev,Ib       w=C u=O
C1 /2        rcl       Ev,Ib       r=C w=C u=O
C1 /3        rcr       Ev,Ib       r=C w=C u=O
C1 /4        shl       Ev,Ib       w=SZPC u=OA
C1 /5        shr       Ev,Ib       w=SZPC u=OA
C1 /6        shl       Ev,Ib       alias w=SZPC u=OA
C1 /7        sar       Ev,Ib       w=SZPC u=OA
D0 /0        rol       Eb,1        w=OC
D0 /1        ror       Eb,1        w=OC
D0 /2        rcl       Eb,1        r=C w=OC
D0 /3        rcr       Eb,1        r=C w=OC
D0 /4        shl       Eb,1        w=OSZPC u=A
D0 /5        shr       Eb,1        w=OSZPC u=A
D0 /6        shl       Eb,1        alias w=OSZPC u=A
D0 /7        sar       Eb,1        w=OSZPC u=A
D1 /0        rol       Ev,1        w=OC
D1 /1        ror       Ev,1        w=OC
D1 /2        rcl       Ev,1        r=C w=OC
D1 /3        rcr       Ev,1        r=C w=OC
D1 /4        shl       Ev,1        w=OSZPC u=A
D1 /5        shr       Ev,1        w=OSZPC u=A
D1 /6        shl       Ev,1        alias w=OSZPC u=A
D1 /7        sar       Ev,1        w=OSZPC u=A
D2 /0        rol       Eb,CL       w=C u=O
D2 /1        ror       Eb,CL       w=C u=O
D2 /2        rcl       Eb,CL       r=C w=C u=O
D2 /3        rcr       Eb,CL       r=C w=C u=O
D2 /4        shl       Eb,CL       w=SZPC u=OA
D2 /5        shr       Eb,CL       w=SZPC u=OA
D2 /6        shl       Eb,CL       alias w=SZPC u=OA
D2 /7        sar       Eb,CL       w=SZPC u=OA
D3 /0        rol       Ev,CL       w=C u=O
D3 /1        ror       Ev,CL       w=C u=O
D3 /2        rcl       Ev,CL       r=C w=C u=O
D3 /3        rcr       Ev,CL       r=C w=C u=O
D3 /4        shl       Ev,CL       w=SZPC u=OA
D3 /5        shr       Ev,CL       w=SZPC u=OA
D3 /6        shl       Ev,CL       alias w=SZPC u=OA
D3 /7        sar       Ev,CL       w=SZPC u=OA
`;

const doubleShifts = `
0F A4 /r     shld      Ev,Gv,Ib    w=SZPC u=OA
0F A5 /r     shld      Ev,Gv,CL    w=SZPC u=OA
0F AC /r     shrd      Ev,Gv,Ib    w=SZPC u=OA
0F AD /r     shrd      Ev,Gv,CL    w=SZPC u=OA
`;

const bits = `
0F A3 /r     bt        Ev,Gv       w=C u=OSAP
0F AB /r     bts       Ev,Gv       lock w=C u=OSAP
0F B3 /r     btr       Ev,Gv       lock w=C u=OSAP
0F BB /r     btc       Ev,Gv       lock w=C u=OSAP
0F BA /4     bt        Ev,Ib       w=C u=OSAP
0F BA /5     bts       Ev,Ib       lock w=C u=OSAP
0F BA /6     btr       Ev,Ib       lock w=C u=OSAP
0F BA /7     btc       Ev,Ib       lock w=C u=OSAP
0F BC /r     bsf       Gv,Ev       w=Z u=OSAPC
0F BD /r     bsr       Gv,Ev       w=Z u=OSAPC
`;

const moves = `
88 /r        mov       Eb,Gb
89 /r        mov       Ev,Gv
8A /r        mov       Gb,Eb
8B /r        mov       Gv,Ev
8C /r        mov       Rv/Mw,Sw
8E /r        mov       Sw,Ew
A0           mov       AL,Ob
A1           mov       eAX,Ov
A2           mov       Ob,AL
A3           mov       Ov,eAX
B0+r         mov       Zb,Ib
B8+r         mov       Zv,Iz
C6 /0        mov       Eb,Ib
C7 /0        mov       Ev,Iz
0F B6 /r     movzx     Gv,Eb
0F B7 /r     movzx     Gv,Ew
0F BE /r     movsx     Gv,Eb
0F BF /r     movsx     Gv,Ew
8D /r        lea       Gv,M
86 /r        xchg      Eb,Gb       lock
87 /r        xchg      Ev,Gv       lock
90           nop       -
F3 90        pause     -
90+r         xchg      Zv,eAX
0F 1F /0     nop       Ev
0F 18 /0     prefetchnta Mb
0F 18 /1     prefetcht0 Mb
0F 18 /2     prefetcht1 Mb
0F 18 /3     prefetcht2 Mb
0F 18 /r     nop       Ev          alias
0F 19 /r     nop       Ev          alias
0F 1A /r     nop       Ev          alias
0F 1B /r     nop       Ev          alias
0F 1C /r     nop       Ev          alias
0F 1D /r     nop       Ev          alias
0F 1E /r     nop       Ev          alias
0F 1F /r     nop       Ev          alias
0F C8+r      bswap     Zv
D7           xlat      -
0F B0 /r     cmpxchg   Eb,Gb       lock w=OSZAPC
0F B1 /r     cmpxchg   Ev,Gv       lock w=OSZAPC
0F C0 /r     xadd      Eb,Gb       lock w=OSZAPC
0F C1 /r     xadd      Ev,Gv       lock w=OSZAPC
0F C7 /1     cmpxchg8b Mq          lock w=Z
`;

const stack = `
50+r         push      Zv
58+r         pop       Zv
68           push      Iz
6A           push      Ibs
FF /6        push      Ev
8F /0        pop       Ev
06           push      ES
0E           push      CS
16           push      SS
1E           push      DS
0F A0        push      FS
0F A8        push      GS
07           pop       ES
17           pop       SS
1F           pop       DS
0F A1        pop       FS
0F A9        pop       GS
60           pusha     -
61           popa      -
9C           pushf     -           r=*
9D           popf      -           w=*
C8           enter     Iw,Ib
C9           leave     -
`;

const flagRows = `
9E           sahf      -           w=SZAPC
9F           lahf      -           r=SZAPC
F5           cmc       -           r=C w=C
F8           clc       -           w=C
F9           stc       -           w=C
FA           cli       -           iopl w=I
FB           sti       -           iopl w=I
FC           cld       -           w=D
FD           std       -           w=D
D6           salc      -           r=C
`;

const conditions = `
70+cc        jcc       Jb
0F 80+cc     jcc       Jz
0F 90+cc /r  setcc     Eb
0F 40+cc /r  cmovcc    Gv,Ev
`;

const transfers = `
E8           call      Jz
FF /2        call      Ev
E9           jmp       Jz
EB           jmp       Jb
FF /4        jmp       Ev
C2           ret       Iw
C3           ret       -
9A           callf     Ap
FF /3        callf     Mp
EA           jmpf      Ap
FF /5        jmpf      Mp
CA           retf      Iw
CB           retf      -
E0           loopne    Jb          r=Z
E1           loope     Jb          r=Z
E2           loop      Jb
E3           jecxz     Jb
CC           int3      -
CD           int       Ib
CE           into      -           r=O
CF           iret      -           w=*
F1           int1      -
0F 0B        ud2       -
0F B9 /r     ud1       Gv,Ev
62 /r        bound     Gv,Ma
`;

const strings = `
A4           movs      Yb,Xb       rep r=D
A5           movs      Yv,Xv       rep r=D
A6           cmps      Xb,Yb       repz r=D w=OSZAPC
A7           cmps      Xv,Yv       repz r=D w=OSZAPC
AA           stos      Yb,AL       rep r=D
AB           stos      Yv,eAX      rep r=D
AC           lods      AL,Xb       rep r=D
AD           lods      eAX,Xv      rep r=D
AE           scas      AL,Yb       repz r=D w=OSZAPC
AF           scas      eAX,Yv      repz r=D w=OSZAPC
6C           ins       Yb,DX       rep io r=D
6D           ins       Yz,DX       rep io r=D
6E           outs      DX,Xb       rep io r=D
6F           outs      DX,Xz       rep io r=D
E4           in        AL,Ib       io
E5           in        eAX,Ib      io
E6           out       Ib,AL       io
E7           out       Ib,eAX      io
EC           in        AL,DX       io
ED           in        eAX,DX      io
EE           out       DX,AL       io
EF           out       DX,eAX      io
`;

const segments = `
C4 /r        les       Gv,Mp
C5 /r        lds       Gv,Mp
0F B2 /r     lss       Gv,Mp
0F B4 /r     lfs       Gv,Mp
0F B5 /r     lgs       Gv,Mp
63 /r        arpl      Ew,Gw       w=Z
0F 00 /0     sldt      Rv/Mw
0F 00 /1     str       Rv/Mw
0F 00 /2     lldt      Ew          cpl0
0F 00 /3     ltr       Ew          cpl0
0F 00 /4     verr      Ew          w=Z
0F 00 /5     verw      Ew          w=Z
0F 02 /r     lar       Gv,Ew       w=Z
0F 03 /r     lsl       Gv,Ew       w=Z
0F 01 /0     sgdt      Ms
0F 01 /1     sidt      Ms
0F 01 /2     lgdt      Ms          cpl0
0F 01 /3     lidt      Ms          cpl0
`;

const system = `
0F 01 /4     smsw      Rv/Mw
0F 01 /6     lmsw      Ew          cpl0
0F 01 /7     invlpg    Mb          cpl0
0F 06        clts      -           cpl0
0F 08        invd      -           cpl0
0F 09        wbinvd    -           cpl0
0F 20 /r     mov       Rd,Cd       cpl0 u=OSZAPC
0F 21 /r     mov       Rd,Dd       cpl0 u=OSZAPC
0F 22 /r     mov       Cd,Rd       cpl0 u=OSZAPC
0F 23 /r     mov       Dd,Rd       cpl0 u=OSZAPC
0F 30        wrmsr     -           cpl0
0F 31        rdtsc     -
0F 32        rdmsr     -           cpl0
0F 33        rdpmc     -
0F 34        sysenter  -           w=I
0F 35        sysexit   -           cpl0
0F A2        cpuid     -
F4           hlt       -           cpl0
0F 3F        hostcall  Ib          cpl0
`;

const escapes = `
DB E3        fninit    -
DF E0        fnstsw    AX
DD /7        fnstsw    Mw
D9 /7        fnstcw    Mw
9B           fwait     -
D8 /r        esc       E           alias
D9 /r        esc       E           alias
DA /r        esc       E           alias
DB /r        esc       E           alias
DC /r        esc       E           alias
DD /r        esc       E           alias
DE /r        esc       E           alias
DF /r        esc       E           alias
`;

/** Every form of every instruction, a line each; columns are opcode,
 * mnemonic, operands and attributes. */
export const tableText = [
  arithmetic, single, shifts, doubleShifts, bits, moves, stack,
  flagRows, conditions, transfers, strings, segments, system, escapes,
].join("\n");
