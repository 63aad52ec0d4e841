/** `copyProcess.ts FILE TARGET` writes a consistent, compact copy of an index: a process, since it takes a while. */
import { DatabaseSync } from "node:sqlite";

const [file = "", target = ""] = process.argv.slice(2);
const database = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
database.prepare("VACUUM INTO ?").run(target);
database.close();
