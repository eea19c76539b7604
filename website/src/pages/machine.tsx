// The machine alone: whatever can be booted, with all that one can look at;
// links to an instant lead here.
import Layout from "@theme/Layout";
import Machine from "@site/src/machine/Machine";
import boot from "@site/.woven/boot.json";
import type { Boot } from "@site/weave/guest";
import styles from "./index.module.css";

export default function Alone() {
  return (
    <Layout title="The machine"
      description="A 32-bit PC with lguest on it, to boot and to look into">
      <main className={styles.front}>
        <h1>The machine</h1>
        <Machine boot={boot as Boot} name="alone" choose linked />
      </main>
    </Layout>
  );
}
