// Two Guests on two CPUs send each other 100 MB, or --mib N, and check all of
// it; in the middle of it a snapshot is taken, which has to go on alike.
import { boot, loadSession, MiB, run, saveSession, stateSum } from
  "../src/launcher";
import { FRAME, receiver, sender, WINDOW } from "./net-guests";
import { option } from "./options";

const frames = Math.ceil(option("mib", 100) * MiB / FRAME / WINDOW) * WINDOW;
const guests = [sender(frames), receiver(frames)].map((image, cpu) =>
  ({ name: `Guest ${cpu}`, image, cpu, commandLine: "", memory: 4 * MiB,
    nets: ["wire"] }));
const heard = { bytes: 0, frames: 0 };
const first = boot({ guests, cpus: 2 }, undefined, (_, frame) => {
  heard.bytes += frame.length;
  heard.frames += 1;
});
const step = () => run(first, first.machine.count + 1_000_000).status;
while (heard.frames < frames / 2 && step() === 4);
const second = loadSession(saveSession(first), () => {});
const end = run(first), other = run(second);
const lost = first.devices.ports.reduce((n, port) => n + port.lost, 0);
const alike = stateSum(first.machine) === stateSum(second.machine);

for (const sentence of end.sentences) console.log(sentence);
console.log(`${heard.frames} frames with ${(heard.bytes / 1e6).toFixed(1)} MB ` +
  `passed, ${lost} were lost; the snapshot in the middle ` +
  `${alike ? "went on alike" : "took another way"}`);
process.exitCode =
  end.status === 0 && other.status === 0 && alike && lost === 0 ? 0 : 1;
