// All that a search has found, with an address of its own.
import Head from "@docusaurus/Head";
import { useLocation } from "@docusaurus/router";
import Layout from "@theme/Layout";
import { FoundLinks } from "@site/src/search/Found";
import { useSearch } from "@site/src/search/useSearch";

export default function Search() {
  const query = new URLSearchParams(useLocation().search).get("q") ?? "";
  const groups = useSearch(query, 50);
  return (
    <Layout title="Search" description="What the book says about a word">
      <Head><meta name="robots" content="noindex" /></Head>
      <main className="container margin-vert--lg">
        <h1>{query === "" ? "Search" : `“${query}”`}</h1>
        {query === "" ? <p>Type into the field above.</p>
          : <FoundLinks groups={groups} query={query} />}
      </main>
    </Layout>
  );
}
