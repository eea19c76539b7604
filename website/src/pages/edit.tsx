// How a page is edited where the chapters have no public home.
import { useEffect, useState } from "react";
import Link from "@docusaurus/Link";
import Layout from "@theme/Layout";

export default function Edit() {
  const [chapter, setChapter] = useState("NN-a-chapter.md");
  useEffect(() => {
    const asked = new URLSearchParams(location.search).get("chapter");
    if (asked && /^[\w-]+\.md$/.test(asked)) setChapter(asked);
  }, []);
  return (
    <Layout title="Edit a chapter">
      <main className="container margin-vert--lg">
        <h1>Edit a chapter</h1>
        <p>
          This page is <code>chapters/{chapter}</code> in the project’s
          folder: plain Markdown, with the program in it. Change it there,
          then:
        </p>
        <pre>{"npm run tangle\nnpm test\nnpm run book"}</pre>
        <p>
          The first takes the program out of the chapters, the second sees
          whether all that they claim is true, the third shows you this
          site with your change in it. The rest of the way is
          in <Link to="/source/contributing">Contributing</Link>.
        </p>
      </main>
    </Layout>
  );
}
