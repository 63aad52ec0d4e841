// A process that takes a node's folder and holds it until it is told to stop: prints "held", "lost" or "refused: ...".
import { openDataFolder } from "#node/setup/dataFolder";

const [dir = "", waitMs = "0"] = process.argv.slice(2);
try {
  const folder = await openDataFolder(dir, (error) => console.log(`lost: ${error.message}`), Number(waitMs));
  const stay = setInterval(() => undefined, 1000);
  process.once("SIGTERM", () => {
    clearInterval(stay);
    void folder.release();
  });
  console.log("held");
} catch (error) {
  console.log(`refused: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
}
