/** Folders and files that operating systems, network drives and notebooks leave behind. */
const NAMES: ReadonlySet<string> = new Set([
  "__macosx",
  "@eadir",
  "@recycle",
  "#recycle",
  "#snapshot",
  "$recycle.bin",
  "recycler",
  "system volume information",
  "lost+found",
  "network trash folder",
  "temporary items",
  "thumbs.db",
  "ehthumbs.db",
  "ehthumbs_vista.db",
  "desktop.ini",
  "icon\r",
  "__pycache__",
]);

/**
 * Whether a file or folder of this name was put there by no person: hidden ones (.DS_Store, ._a.png, .ipynb_checkpoints, .git),
 * and those that systems keep.
 */
export function isLeftover(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.startsWith(".") || NAMES.has(name.toLowerCase());
}
