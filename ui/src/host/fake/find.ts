import type { FoundView } from "../../bindings/FoundView";
import type { SearchHit } from "../../bindings/SearchHit";
import type { Snippet } from "../../bindings/Snippet";
import type { Within } from "../../bindings/Within";
import type { Tree } from "./tree";

/** Matches in titles and messages. */
export function find(trees: Iterable<Tree>, query: string, within: Within): FoundView {
  const word = query.trim().toLowerCase();
  if (word === "") return { hits: [], all: true };
  const hits: SearchHit[] = [];
  for (const tree of trees) {
    if (within.folder !== null && tree.folder !== within.folder) continue;
    if (within.tag !== null && !tree.tags.includes(within.tag)) continue;
    if (tree.title.toLowerCase().includes(word)) {
      hits.push({
        conversation: tree.id,
        title: tree.title,
        message: null,
        snippet: around(tree.title, word),
        createdMs: tree.updatedMs,
      });
    }
    for (const node of tree.nodes.values()) {
      if (node.text.toLowerCase().includes(word)) {
        hits.push({
          conversation: tree.id,
          title: tree.title,
          message: node.id,
          snippet: around(node.text, word),
          createdMs: node.createdMs,
        });
      }
    }
  }
  return { hits, all: true };
}

function around(text: string, word: string): Snippet[] {
  const at = text.toLowerCase().indexOf(word);
  const from = Math.max(0, at - 24);
  const to = at + word.length;
  return [
    { text: (from > 0 ? "…" : "") + text.slice(from, at), hit: false },
    { text: text.slice(at, to), hit: true },
    { text: text.slice(to, to + 60), hit: false },
  ].filter((piece) => piece.text !== "");
}
