import type { FolderChange } from "../../bindings/FolderChange";
import type { FolderView } from "../../bindings/FolderView";
import type { Keeping } from "../../bindings/Keeping";
import type { Shelves } from "../../bindings/Shelves";
import type { Tree } from "./tree";

/** Changes where a conversation is kept. */
export function keep(tree: Tree, keeping: Keeping): void {
  if (keeping.to === "pinned") tree.pinned = keeping.on;
  else if (keeping.to === "archived") tree.archived = keeping.on;
  else if (keeping.to === "folder") tree.folder = keeping.id;
  else {
    tree.tags = tree.tags.filter((tag) => tag !== keeping.name);
    if (keeping.on) tree.tags.push(keeping.name);
  }
}

/** The folders. */
export class Kept {
  private folders: Pick<FolderView, "id" | "name">[] = [];
  private made = 0;

  shelves(trees: Iterable<Tree>): Shelves {
    const all = [...trees];
    const names = [...new Set(all.flatMap((tree) => tree.tags))].sort();
    return {
      folders: this.folders.map((folder) => ({
        ...folder,
        conversations: all.filter((tree) => tree.folder === folder.id).length,
      })),
      tags: names.map((name) => ({
        name,
        conversations: all.filter((tree) => tree.tags.includes(name)).length,
      })),
      models: ["SmolLM2 135M"],
    };
  }

  change(change: FolderChange, trees: Iterable<Tree>): void {
    if (change.make === "new") {
      this.folders = [...this.folders, { id: `f${++this.made}`, name: change.name }];
    } else if (change.make === "name") {
      this.folders = this.folders.map((folder) =>
        folder.id === change.id ? { ...folder, name: change.name } : folder,
      );
    } else if (change.make === "order") {
      this.folders = change.ids.flatMap((id) => this.folders.filter((folder) => folder.id === id));
    } else {
      this.folders = this.folders.filter((folder) => folder.id !== change.id);
      for (const tree of trees) if (tree.folder === change.id) tree.folder = null;
    }
  }
}
