import type { MapNode } from "../bindings/MapNode";

/** A way through the conversation, from its first message to one that nothing follows. */
export interface Branch {
  leaf: string;
  nodes: MapNode[];
  shown: boolean;
}

/** All branches, in the order of their ends. */
export function branches(nodes: MapNode[]): Branch[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Set(nodes.map((node) => node.parent));
  return nodes
    .filter((node) => !parents.has(node.id))
    .map((leaf) => {
      const path: MapNode[] = [];
      for (let at: MapNode | undefined = leaf; at && path.length <= nodes.length;) {
        path.unshift(at);
        at = at.parent === null ? undefined : byId.get(at.parent);
      }
      return { leaf: leaf.id, nodes: path, shown: leaf.shown };
    });
}

/** What one branch holds that the other doesn't: from where they part. */
export function apart(one: Branch, other: Branch): [MapNode[], MapNode[]] {
  let same = 0;
  while (same < one.nodes.length && one.nodes[same]?.id === other.nodes[same]?.id) same += 1;
  return [one.nodes.slice(same), other.nodes.slice(same)];
}

/** The first message that this branch shares with no other. */
export function own(branch: Branch, all: Branch[]): MapNode | undefined {
  const others = new Set(
    all.filter((other) => other !== branch).flatMap((other) => other.nodes.map(({ id }) => id)),
  );
  return branch.nodes.find((node) => !others.has(node.id));
}
