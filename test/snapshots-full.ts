// The full check: 50 snapshots. snapshots-full.ts [N [SEED]]
import { trySnapshots } from "./snapshots";

const n = Number(process.argv[2] ?? 50);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);

void trySnapshots(n, seed).then(({ total, counts, complaints }) => {
  for (const complaint of complaints) console.error(complaint);
  console.log(`${n} snapshots of a run of ${total} instructions, ` +
    `seed ${seed}, at ${counts.join(" ")}`);
  console.log(`${n - complaints.length} went on identically, ` +
    `${complaints.length} did not`);
  process.exitCode = complaints.length ? 1 : 0;
});
