// What blocks are about: each theme writes a stretch of a block.
import {
  ALIASES, APIC_AT, BOTH, CODE_BASE, DATA, DEVICE, DIRECTORY_A, DIRECTORY_B,
  HIGH, LARGE, LIMITED_END, NARROW, PORTS, S, TABLES,
} from "./layout";
import type { Draft } from "./draft";
import { asText, calm, somePlace, wild } from "./soup";

export type Theme = (d: Draft) => void;

const many = (d: Draft) => d.r.pick([3, 8, 15, 30, 30, 80]);
const place = (d: Draft) => somePlace(d.r) - d.base;
const ring0 = (d: Draft) => d.ring === 0;

/** Each runs its name; the tests count them. */
export const themes: Record<string, Theme> = {
  compute(d) {
    d.loop(many(d), () => d.calm(6 + d.r.below(24)));
  },

  branches(d) {
    d.loop(many(d), () => {
      for (let i = 3 + d.r.below(6); i > 0; i--) {
        const over = d.label();
        d.calm(1 + d.r.below(3));
        d.add(`${d.r.pick(jumps)} ${over}`);
        d.calm(1 + d.r.below(4));
        d.put(over);
      }
    });
  },

  calls(d) {
    const { r } = d, table = d.label();
    const routines = Array.from({ length: 4 }, () => d.label());
    d.behind += d.aside(() => {
      routines.forEach((routine, i) => {
        d.put(routine);
        d.calm(1 + r.below(4));
        if (i === 1) d.add("push %ebp", "mov %esp,%ebp");
        if (i === 1) d.calm(2);
        if (i === 1) d.add("leave");
        d.add(i === 2 ? "ret $0" : "ret");
      });
      d.put(table);
      d.add(`.long ${routines.join(", ")}`);
    });
    const held = d.pointers;
    d.pointers = [3, 6, 7];
    d.loop(many(d), () => {
      const register = d.register();
      d.calm(1);
      d.add(`call ${r.pick(routines)}`, `and $3,${register}`);
      if (r.chance(50))
        d.add(`call *${table}-${d.base}(,${register},4)`);
      else {
        const back = d.label();
        d.add(`push $${back}`, `jmp *${table}-${d.base}(,${register},4)`);
        d.put(back);
      }
    });
    d.pointers = held;
  },

  jumps(d) {
    const table = d.label(), register = d.register();
    const places = Array.from({ length: 4 }, () => d.label());
    d.loop(many(d), () => {
      const out = d.label();
      d.calm(2);
      d.add(`and $3,${register}`, `jmp *${table}-${d.base}(,${register},4)`);
      for (const place of places) {
        d.put(place);
        d.calm(1 + d.r.below(2));
        if (d.r.chance(70)) d.add(`jmp ${out}`);
      }
      d.put(out);
    });
    d.behind += `${table}: .long ${places.join(", ")}\n`;
  },

  walk(d) {
    const { r } = d, down = r.chance(30);
    const step = r.pick([1, 2, 4, 4, 12, 64, 0xffc]);
    const move = down ? "sub" : "add";
    d.add("push %esi", "push %edi");
    d.pointers = [3, 5];
    d.computing = [2];
    d.loop(many(d), () => {
      d.add(r.pick(["mov (%esi),%eax", "movzwl (%esi),%eax",
        "lodsl", "movsbl 1(%esi),%eax"]));
      d.calm(r.below(2));
      d.add(r.pick(["add %eax,%edx", "xor %eax,%edx", "adc %eax,%edx",
        "mov %eax,%edx"]));
      d.add(r.pick(["mov %edx,(%edi)", "mov %dl,3(%edi)", "add %edx,(%edi)",
        "mov %dx,(%edi)", "xchg %edx,(%edi)"]));
      d.add(`${move} $${step},%edi`, `and $${DATA | 0xffff},%edi`,
        `or $${DATA - d.base},%edi`, `${move} $${step},%esi`);
      d.add(`and $${DATA | 0xffff},%esi`, `or $${DATA - d.base},%esi`);
    });
    d.computing = [0, 1, 2];
    d.pointers = [3, 5, 6, 7];
    d.add("pop %edi", "pop %esi");
  },

  stack(d) {
    const { r } = d;
    d.loop(many(d), () => {
      const which = r.below(9);
      if (which === 0) d.add("pusha", "popa");
      else if (which === 1)
        d.add("pushf", `xorl $${r.pick([1, 0x8d5, 0x40, 0x200000, 0x800])
        },(%esp)`, "popf");
      else if (which === 2) {
        d.add("push %ebp", `enter $${8 * r.below(8)},$${r.below(3)}`);
        d.add("leave", "pop %ebp");
      } else if (which === 3)
        d.add(`pushl ${place(d)}`, `popl ${place(d)}`);
      else if (which === 4) d.add("pushw %ax", "pushw $5", "pop %edx");
      else if (which === 5)
        d.add("push %esp", "pop %eax", "push $-3", "pop %edx");
      else if (which === 6) d.add("push %fs", "pop %fs", "push %cs",
        "pop %eax", "push %ds", "pop %ds");
      else if (which === 7)
        d.add("mov %esp,%eax", "sub $64,%esp", "movl %eax,8(%esp)",
          "add %edx,16(%esp)", "mov %eax,%esp");
      else d.add("pushf", "pop %eax", "lahf", "sahf");
      d.calm(1);
    });
  },

  strings(d) {
    const { r } = d;
    d.add("push %esi", "push %edi", "push %ecx");
    for (let i = 2 + r.below(4); i > 0; i--) {
      const from = place(d), size = r.pick(["b", "b", "w", "l", "l"]);
      const to = r.chance(35) ? from + r.below(16) - 8 : place(d);
      const count = r.pick([0, 1, 2, 7, 33, 100, 300, 1100]);
      d.add(r.chance(35) ? "std" : "cld");
      const name = r.pick(["rep movs", "rep movs", "rep stos", "rep lods",
        "repe cmps", "repne cmps", "repe scas", "repne scas", "movs",
        "stos", "lods", "cmps", "scas"]);
      const fewer = /lods|cmps|scas/.test(name) ? 60 : 1200;
      d.add(`mov $${from},%esi`, `mov $${to},%edi`,
        `mov $${Math.min(count, fewer)},%ecx`);
      d.loopOutside(r.pick([1, 1, 4, 12]), () => d.add(name + size));
    }
    d.add("cld", "pop %ecx", "pop %edi", "pop %esi");
  },

  locked(d) {
    const { r } = d, word = DATA + 0x100 + 4 * r.below(4) - d.base;
    d.loop(many(d), () => {
      d.add(r.pick([`lock incl ${word}`, `lock xadd %edx,${word}`,
        `lock cmpxchg %edx,${word}`, `xchg %eax,${word}`,
        `lock btsl $3,${word}`, `lock orb $8,${word}`,
        `lock negl ${word}`, `cmpxchg8b ${word}`, `lock decw ${word}`]));
      d.calm(1);
    });
  },

  bits(d) {
    const { r } = d;
    d.loop(many(d), () => {
      d.add("and $0xff,%eax", `${r.pick(["bt", "bts", "btr", "btc"])} %eax,${
        r.chance(50) ? place(d) : "(%esi)"}`, "setc %dl", "not %eax");
      d.add(`${r.pick(["shl", "shr", "sar", "rol", "ror", "rcl", "rcr"])}${
        r.pick([" $0,%edx", " $1,%edx", " $31,%edx", "b $9,%dl", "w $17,%dx",
          "b $1,(%esi)", "l $7,(%edi)"])}`);
      if (r.chance(50)) d.add("mov %al,%cl", `${r.pick(["shl", "sar", "rcl",
        "rcr", "ror", "shr"])} %cl,${r.pick(["%edx", "%dx", "%dh"])}`,
        `${r.pick(["shld", "shrd"])} %cl,%edx,%eax`, "mov $5,%ecx");
      d.calm(1);
    }, [0, 2]);
  },

  divide(d) {
    const { r } = d;
    d.loop(Math.min(30, many(d)), () => {
      d.calm(1);
      d.add("or $1,%edx", "mov %edx,%eax", "xor %edx,%edx");
      d.add(r.pick(["divl 4(%esi)", "mov $7,%edx", "cltd"]));
    }, [0, 2]);
    d.risky(r.pick(["div %ecx", "idivl (%esi)", "div %cl", "idivw %dx",
      "aam $0", "idivb (%edi)", "divw (%ebx)"]));
    d.loop(many(d), () => {
      d.add("movzbl %al,%eax", "or $1,%al", "mov %eax,%edx", "xor %ah,%ah");
      d.add("div %dl", "aam $10", "aad $10");
      d.add("cltd", "movl $3,%edx", "xchg %eax,%edx", "mul %edx",
        "imul $77,%eax,%edx", "or $5,%al", "mov %eax,%ebp", "xor %edx,%edx",
        "div %ebp", "cltd", "or $9,%ebp", "idiv %ebp");
    }, [0, 2]);
    d.add(`mov $${place(d)},%ebp`);
  },

  modify(d) {
    const { r } = d, name = d.label(), high = r.pick([0, 0, HIGH, LARGE]);
    const at = (plus: number) => `${name}+${plus + high - d.base}`;
    d.loop(many(d), () => {
      const where = r.pick([0, 1, 2, 3, 3, 4, 5]);
      d.calm(r.below(3));
      if (where === 0) {
        d.add(`incl ${at(1)}`, ...nops(r.pick([0, 0, 70])));
        d.put(name);
        d.add("mov $1,%edx");
      } else if (where === 1) {
        d.add(`xorb $0x28,${at(0)}`, ...nops(r.below(3)));
        d.put(name);
        d.add("add %eax,%edx");
      } else if (where === 2) {
        // Its own immediate.
        d.put(name);
        d.add(`movb $0x11,${at(6)}`, `xorb $3,${at(6)}`);
      } else if (where === 3) {
        // inc becomes dec and the other way round, in two lines.
        d.add(".balign 64", ...nops(50),
          `xorl $0x08080808,${at(r.below(4))}`);
        d.put(name);
        d.add(...Array.from({ length: 12 }, () => "inc %eax"));
      } else if (where === 4) {
        d.add("mov %dl,%al", "and $7,%al", "or $0x40,%al", "and $0xfb,%al",
          `mov %al,${at(0)}`);
        d.put(name);
        d.add("inc %eax");
      } else {
        d.add(`xorb $1,${at(0)}`, "cmp %eax,%edx");
        d.put(name);
        d.add("jz 1f", "inc %edx", "1:");
      }
    }, [0, 2]);
  },

  copied(d) {
    // Routines are copied to one place, one after the other, and called.
    const { r } = d, one = d.label(), two = d.label(), end = d.label();
    d.behind += d.aside(() => {
      d.pointers = [3, 5];
      d.put(one);
      d.calm(5);
      d.add("ret", ".balign 32");
      d.put(two);
      d.calm(5);
      d.add("ret", ".balign 32");
      d.put(end);
      d.pointers = [3, 5, 6, 7];
    });
    const target = r.chance(50) ? DATA + 0x1000 * r.below(15) + r.pick([0x200,
      0xff8, 0xfc4]) : STACK_SPOT;
    d.add("push %esi", "push %edi");
    d.loop(Math.min(many(d), 20), () => {
      for (const from of [one, two]) {
        d.add(`mov $${from}-${d.base},%esi`, `mov $${target - d.base},%edi`,
          "mov $24,%ecx", "cld", "rep movsl");
        d.add(`mov $${target + r.pick([0, 0, HIGH])},%eax`, "call *%eax");
      }
    }, [0, 2]);
    d.add("pop %edi", "pop %esi");
  },

  onStack(d) {
    // mov $n,%eax; inc %eax; ret: pushed, called, popped.
    d.loop(many(d), () => {
      d.add("push $0xc340", `push $${0xb8 | (d.r.word() & 0x7fffff00)}`,
        "call *%esp", "pop %edx", "pop %edx");
    }, [0, 2]);
  },

  neighbours(d) {
    // Into somebody else's immediate, wherever a block has one.
    const { r } = d, name = `shared${d.around.numbers.label++}`;
    d.put(name);
    d.add("mov $0x12345678,%edx", "add $0x11,%edx");
    d.loop(many(d), () => {
      d.add(`movb $${r.below(256)},SHARED_${r.below(1000)}_+${
        r.pick([1, 2, 3, 4]) - d.base}`);
      d.calm(2);
      d.put(`shared${d.around.numbers.label++}`);
      d.add("mov $0x7654321,%eax");
    });
  },

  crossing(d) {
    const { r } = d, name = d.label(), out = d.label();
    const before = 1 + r.below(5), ways = [HIGH, LARGE, 0];
    d.add(`jmp ${out}`, ".balign 4096", `.space ${4096 - before}, 0x90`);
    d.put(name);
    if (r.chance(40)) {
      d.add(...Array.from({ length: 10 }, () => "inc %eax"),
        `xorl $0x08080808,${name}+${Math.max(0, before - 2) - d.base}`);
    } else if (r.chance(50)) {
      d.add(...Array.from({ length: Math.max(0, before - 3) },
        () => "inc %eax"), "mov $0x12345678,%edx", "cmp %edx,%eax");
    }
    d.pointers = [3, 6, 7];
    d.calm(5);
    d.pointers = [3, 5, 6, 7];
    d.add("dec %ebp", `jg ${name}`, "ret");
    d.put(out);
    d.loopOutside(r.pick([2, 6]), () => {
      d.add(`mov $${r.pick([2, 25, 60])},%ebp`, `call ${name}`,
        "mov $3,%ebp", `mov $${name}+${r.pick(ways)},%eax`, "call *%eax");
    });
    d.add(`mov $${place(d)},%ebp`);
  },

  edges(d) {
    const { r } = d, edge = () => (r.chance(50) ? DATA + 0x1000 * r.below(14)
      : ALIASES + 0x1000 * r.below(31)) + 0x1000 - 1 - r.below(3) - d.base;
    d.loop(many(d), () => {
      for (let i = 0; i < 4; i++) {
        const at = edge();
        d.risky(r.pick([`mov ${at},%eax`, `mov %eax,${at}`, `addl $5,${at}`,
          `movzwl ${at},%edx`, `xchg %eax,${at}`, `pushl ${at}`,
          `mov %dx,${at}`, `lock incl ${at}`, `cmpxchg %edx,${at}`,
          `add ${at},%edx`, `popl ${at}`, `cmpl $3,${at}`]));
        if (i & 1) d.calm(1);
      }
    });
  },

  pages(d) {
    const { r } = d, n = r.below(48), pte = TABLES + 0x1000 + 4 * n;
    const at = ALIASES + 0x1000 * n + r.below(0xff0);
    const change = r.pick([1, 1, 2, 4, 6, 0x1000, 0x2000, 0x3000, 0x40,
      0x100, 0x20, 0x61]);
    d.loop(Math.min(30, many(d)), () => {
      if (ring0(d)) {
        d.add(`xorl $${change},${pte - d.base}`);
        if (r.chance(60)) d.add(`invlpg ${at - d.base}`);
      } else {
        d.add(`mov $${change & 0xfff},%eax`, `mov $${n},%edx`,
          `mov $${r.below(2)},%ecx`, "int $0x82");
      }
      d.risky(`mov ${at - d.base},%eax`);
      d.risky(`incl ${at - d.base}`);
      d.calm(1);
    }, [0, 2]);
  },

  codePages(d) {
    // A routine at the same offset in two pages; an alias leads to either.
    const { r } = d, name = d.label(), out = d.label(), n = 48 + r.below(16);
    d.add(`jmp ${out}`, ".balign 8192", ".space 64, 0x90");
    d.put(name);
    d.pointers = [3, 5];
    d.calm(3);
    d.add("ret", ".balign 4096, 0x90", ".space 64, 0x90");
    d.calm(4);
    d.add("ret");
    d.pointers = [3, 5, 6, 7];
    d.put(out);
    const pte = TABLES + 0x1000 + 4 * n - d.base;
    if (ring0(d))
      d.add(`mov $${name}-64+7,%eax`, `mov %eax,${pte}`,
        "xor $0x1000,%eax", `mov %eax,${pte + 0x3000}`, `invlpg ${ALIASES + 0x1000 * n - d.base}`);
    d.loop(Math.min(30, many(d)), () => {
      d.add(`mov $${ALIASES + 0x1000 * n + 64},%eax`);
      d.risky("call *%eax");
      d.add(`mov $${name},%eax`, "call *%eax");
      if (r.chance(30)) {
        if (!ring0(d)) d.add("int $0x83");
        else d.add("mov %cr3,%eax", `xor $${DIRECTORY_A ^ DIRECTORY_B},%eax`,
          "mov %eax,%cr3");
      } else if (ring0(d)) {
        d.add(`xorl $${r.pick([0x1000, 0x1000, 0x1001, 0x1, 4])},${pte}`);
        if (r.chance(60))
          d.add(`invlpg ${ALIASES + 0x1000 * n - d.base}`);
      }
    }, [0, 2]);
  },

  control(d) {
    const { r } = d;
    if (!ring0(d)) {
      d.loop(12, () => {
        d.add(r.pick(["int $0x83", "int $0x81", "int $0x84"]));
        d.calm(3);
      });
      return;
    }
    d.loop(Math.min(30, many(d)), () => {
      const which = r.below(7);
      if (which < 2) d.add(`mov $${r.pick([DIRECTORY_A, DIRECTORY_B,
        DIRECTORY_B])},%eax`, "mov %eax,%cr3");
      else if (which === 2) d.add("mov %cr3,%eax", "mov %eax,%cr3");
      else if (which === 3) d.add("mov %cr0,%eax", "xor $0x10000,%eax",
        "mov %eax,%cr0");
      else if (which === 4) d.add("mov %cr4,%eax",
        `xor $${r.pick([0x80, 0x80, 8])},%eax`, "mov %eax,%cr4");
      else if (which === 5) d.add(`invlpg ${place(d)}`, "clts",
        "smsw %eax", "rdtsc", "mov %cr2,%eax");
      else d.add("mov %cr0,%eax", "xor $0x40008,%eax", "mov %eax,%cr0",
        "wbinvd");
      d.calm(1);
      d.risky(`addl $1,${place(d)}`);
      d.calm(1);
    }, [0, 2]);
  },

  large(d) {
    d.loop(many(d), () => {
      const at = LARGE + DATA + d.r.below(0xf000) - d.base;
      d.risky(`addl %eax,${at}`);
      d.risky(`mov ${at - LARGE},%edx`);
      d.calm(1);
    });
  },

  segments(d) {
    const { r } = d;
    d.loop(many(d), () => {
      d.add(r.pick(["mov %fs:4,%eax", "add %eax,%gs:16", "movb $7,%fs:1",
        "mov %gs:(,%edx,1),%al", "incw %fs:0x7fe", "mov %ds,%eax",
        "movw %fs,%ax"]).replace("(,%edx,1)", "0x20"));
      d.calm(1);
      if (r.chance(25)) d.risky(r.pick(["mov %fs:0x1ffd,%eax",
        "mov %eax,%fs:0x2000", "mov %cs:(%esi),%eax", "mov %eax,%cs:(%esi)",
        "mov %gs:-4,%eax", "pushl %fs:0x1ffe"]));
    });
  },

  loads(d) {
    const { r } = d, pointer = d.label(), outer = d.ring === 3;
    const selectors = outer ? [S.fs, S.gs, S.based, S.data3, S.down, S.short,
      S.readOnly, 0, S.stack16] : [S.data0, S.fs & ~3, S.data3, 0];
    const selector = () => d.ring === 1 ? S.data1 : r.pick(selectors);
    d.behind += `${pointer}: .long ${DATA + r.below(0xf000)}\n  .word ${
      selector()}\n`;
    d.loop(Math.min(30, many(d)), () => {
      d.risky(`mov $${selector()},%eax`, `mov %eax,%${
        r.pick(["fs", "gs"])}`);
      d.risky(`${r.pick(["lfs", "lgs"])} ${pointer}-${d.base},%eax`);
      d.risky(`mov %${r.pick(["fs", "gs"])}:${r.below(
        r.chance(50) ? 0x100 : 0x2000)},%edx`);
      d.add(r.pick(["lar %ax,%edx", "lsl %ax,%edx", "verr %ax", "verw %ax",
        "sldt %eax", "str %eax", "arpl %ax,%dx"]));
      d.calm(1);
    }, [0, 2]);
  },

  narrow(d) {
    const { r } = d, back = d.label(), outer = d.ring === 3;
    const at = NARROW + 0x1000 + 0x100 * d.around.numbers.narrow++;
    const held = d.base, both = BOTH + 2 * r.below(128);
    const write = () => {
      const manner = { ...d.manner(), narrow: true, base: held };
      let code = d.aside(() => {
        d.add(".code16");
        for (let i = 4 + r.below(6); i > 0; i--)
          d.text += asText(calm(r, manner));
        if (r.chance(30)) d.add(".byte 0x0f, 0x0b", ".balign 16");
        if (r.chance(60)) d.add(`call ${both}`);
      });
      code += `  ljmpl $${outer ? S.code3 : S.code0},$${back}\n  .code32\n`;
      return code;
    };
    if (d.ring === 1) return d.calm(3);
    d.narrowParts.push({ at, text: write() });
    d.loop(Math.min(60, many(d)), () => {
      d.add(`ljmp $${outer ? S.narrow3 : S.narrow0},$${at - NARROW}`);
      d.put(back);
      d.calm(2);
      if (r.chance(60)) d.add(`mov $${both},%eax`, "call *%eax");
    }, [0, 2]);
  },

  basedCode(d) {
    // The same code in a segment that begins elsewhere.
    const { r } = d, inside = d.label(), back = d.label(), twice = d.label();
    if (d.ring !== 3) return themes.narrow!(d);
    d.add("mov $12,%ecx");
    d.put(twice);
    d.add(`ljmp $${S.basedCode},$${inside}-${CODE_BASE}`);
    d.put(inside);
    d.loop(many(d), () => {
      const over = d.label();
      d.calm(3);
      d.add(`${r.pick(jumps)} ${over}`);
      d.calm(1);
      d.put(over);
    }, [0, 2]);
    d.add("mov %cs,%eax", `cmp $${S.code3},%eax`, `je ${back}`,
      `ljmp $${S.code3},$${r.chance(50) ? back : inside}`);
    d.put(back);
    d.add("dec %ecx", `jg ${twice}`);
    if (r.chance(15)) d.add(`ljmp $${S.limited},$${
      LIMITED_END - r.below(24)}`);
  },

  traps(d) {
    const { r } = d;
    d.loop(Math.min(12, many(d)), () => {
      d.add(r.pick(["int3", "into", "int $0x81", "int $0x84", "int1",
        "int $4", "mov $0x7fffffff,%eax; inc %eax; into"]));
      d.risky(r.pick(["ud2", "bound %eax,(%esi)", "int $13", "hlt", "cli",
        "in $0x21,%al", "mov %cr0,%eax", "lock nop", "mov 0x2000000,%eax",
        "bound %edx,(%edi)", "lgdt (%esi)", "int $0x90", "les %eax,%eax"]
        .filter((one) => !ring0(d) || !/lgdt|hlt|cli/.test(one))
        .map((one) => one === "lock nop" ? ".byte 0xf0, 0x90"
          : one === "les %eax,%eax" ? ".byte 0x0f, 0xff" : one)));
      d.calm(1);
    }, [0, 2]);
  },

  gates(d) {
    const { r } = d;
    d.loop(Math.min(30, many(d)), () => {
      if (d.ring === 3 && r.chance(40)) {
        const back = d.label();
        d.add(`mov $${back},%edx`, "mov %esp,%ecx", "sysenter");
        d.put(back);
      } else d.add(`lcall $${S.gate},$0`);
      d.calm(2);
    }, [0, 2]);
  },

  steps(d) {
    d.add("pushf", "orl $0x100,(%esp)", "popf");
    d.calm(6 + d.r.below(10));
    d.add("mov $3,%ecx", "mov $" + place(d) + ",%edi",
      "mov $" + place(d) + ",%esi", "rep movsb");
    d.calm(3);
    d.add("pushf", "andl $~0x100,(%esp)", "popf");
  },

  breakpoints(d) {
    if (!ring0(d)) return themes.steps!(d);
    const at = DATA + 0x400 + d.r.below(64);
    d.add(`mov $${at},%eax`, "mov %eax,%dr0", `mov $${DATA + 0x1ffe},%eax`,
      "mov %eax,%dr1", `mov $${d.r.pick([0x000d0003, 0x00ff000f, 0x00050001,
        0x000d0001, 0x00300400])},%eax`, "mov %eax,%dr7");
    d.loop(Math.min(30, many(d)), () => {
      d.add(`incl ${at & -4}`, `mov ${DATA + 0x1ffc},%eax`);
      d.calm(2);
    });
    d.add("xor %eax,%eax", "mov %eax,%dr7");
  },

  apic(d) {
    const { r } = d;
    if (!ring0(d)) return themes.gates!(d);
    d.loop(Math.min(40, many(d)), () => {
      const which = r.below(6), apic = APIC_AT - d.base;
      if (which < 2) d.add(`movl $${r.below(d.around.cpus) << 24},${
        apic + 0x310}`, `movl $${r.pick([0x4041, 0x4041, 0xc0041, 0x44041,
        0x80041, 0xc0441])},${apic + 0x300}`);
      else if (which === 2) d.add(`movl $${r.pick([0, 0, 0x20, 0x50])},${
        apic + 0x80}`, `mov ${apic + 0xa0},%eax`);
      else if (which === 3) d.add("sti", "nop", "cli", "sti");
      else if (which === 4) d.add(`mov ${apic + 0x390},%eax`,
        `mov ${apic + 0x20},%edx`, `movl $${500 + r.below(900)},${
        apic + 0x380}`);
      else if (r.chance(40)) d.add("sti", "hlt");
      else d.add("sti", "mov %ss,%eax", "mov %eax,%ss", "nop", "cli");
      d.calm(2);
    }, [0, 2]);
    d.add(`movl $0,${APIC_AT + 0x80 - d.base}`);
  },

  ports(d) {
    const { r } = d;
    d.loop(Math.min(30, many(d)), () => {
      const port = PORTS + r.below(16);
      d.risky(r.pick([`in $${port},%al`, `out %al,$${port}`,
        `in $${port},%eax`, `out %ax,$${port}`]));
      d.calm(1);
    });
    d.add("push %edi", `mov $${place(d)},%edi`, `mov $${PORTS + 2},%edx`,
      "mov $5,%ecx", "push %esi");
    d.risky(r.pick(["rep insb", "rep insl", "rep outsb", "insw", "outsl"]));
    d.add("pop %esi", "pop %edi");
  },

  device(d) {
    d.loop(Math.min(30, many(d)), () => {
      const at = DEVICE + d.r.below(64) - d.base;
      d.risky(d.r.pick([`mov ${at},%eax`, `mov %eax,${at}`, `incl ${at}`,
        `movzbl ${at},%edx`, `mov %dx,${at}`]));
      d.calm(1);
    });
  },

  system(d) {
    const { r } = d, all = ["cpuid", "rdtsc", "smsw %eax", "sldt %eax",
      "str %edx", "fninit", "fnstcw 0x6f800", "fnstsw %ax", "fwait",
      "sgdt 0x6f808", "sidt 0x6f810", "prefetcht0 (%esi)"];
    const kernels = ["mov $0x174,%ecx", "rdmsr", "mov $0x1b,%ecx; rdmsr",
      "xor %ecx,%ecx; rdpmc", "xor %eax,%eax; lldt %ax", "wbinvd", "invd",
      "clts", "smsw %ax; lmsw %ax", "mov %cr3,%eax", "mov %dr6,%edx",
      "mov $0x10,%eax; rdmsr"];
    d.loop(Math.min(30, many(d)), () => {
      d.risky(r.pick(ring0(d) ? [...all, ...kernels] : all)
        .replace(/0x6f8/g, `${d.base ? "0xf8" : "0x6f8"}`));
      d.calm(1);
    }, [0, 2]);
  },

  odd(d) {
    const { r } = d, far = d.label(), bounds = d.label();
    const data = [S.data0, S.data1, 0, S.data3][d.ring]!;
    d.behind += `${far}: .long 0x60100\n  .word ${data}\n${bounds
    }: .long -2147483648, 2147483647\n`;
    d.loop(Math.min(60, many(d)), () => {
      const over = d.label();
      d.add("push %ebx", `mov $${DATA + 0x300 - d.base},%ebx`, "xlat",
        "pop %ebx");
      d.add(r.pick(["aaa", "aas", "daa", "das", ".byte 0xd6", "sahf",
        "aam $7", "aad $3", "cbw", "cwtl", "cwtd", "cltd", "lahf", "cmc"]));
      d.add(`bound %eax,${bounds}-${d.base}`);
      d.add("mov $3,%ecx");
      d.put(over);
      d.calm(1);
      d.add(`${r.pick(["loope", "loopne", "loop"])} ${over}`);
      d.add("and $1,%ecx", "jecxz 1f", "inc %edx", "1:");
      if (d.base === 0) d.add("push %ds", "push %es", `${r.pick(["lds",
        "les"])} ${far},%eax`, "pop %es", "pop %ds");
      if (d.base === 0 && r.chance(50)) d.add("mov %esp,%edx",
        `lss ${far},%esp`, "mov %edx,%esp");
    }, [0, 2]);
  },

  soup(d) {
    d.loop(d.r.pick([1, 1, 3, 8]), () => d.wild(6 + d.r.below(20)));
  },

  garbage(d) {
    d.add(".balign 16");
    d.text += asText(Array.from({ length: 16 * (1 + d.r.below(3)) },
      () => d.r.below(256)));
    d.add(".balign 16");
    d.text += asText(wild(d.r, d.manner()));
    d.add(".balign 16");
  },
};

const jumps = "jo jno jb jae je jne jbe ja js jns jp jnp jl jge jle jg"
  .split(" ");
const nops = (n: number) => n > 0 ? [`.space ${n}, 0x90`] : [];
/** Code and stack on one page. */
const STACK_SPOT = 0x70200;
