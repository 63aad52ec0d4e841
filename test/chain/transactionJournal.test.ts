import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { TransactionJournal } from "#chain/sending/transactionJournal";
import { ConcordatError } from "#protocol/errors";

/** What keeps a payment from being written down is told in one line, before anything is sent. */
describe("A journal of transactions that the disk does not keep", () => {
  let dir: string;
  beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), "concordat-journal-"))));
  afterEach(async () => rm(dir, { recursive: true, force: true }));

  const failureOf = async (folder: string): Promise<unknown> =>
    TransactionJournal.open(folder, true)
      .then(async (journal) => journal.exclusively(async () => "done"))
      .catch((error: unknown) => error);

  it("says so where its folder is a file, or lies below one", async () => {
    const file = join(dir, "file");
    await writeFile(file, "");
    for (const folder of [file, join(file, "below")]) {
      const error = await failureOf(folder);
      expect(error).to.be.instanceOf(ConcordatError);
      expect(String(error)).to.contain(`Cannot write to ${folder}`);
    }
  });

  it("says so where a record cannot be read, or is damaged: it may stand for a payment", async () => {
    const [folder, damaged] = [join(dir, "unreadable"), join(dir, "damaged")];
    await mkdir(join(folder, "5.json"), { recursive: true });
    await mkdir(damaged);
    await writeFile(join(damaged, "5.json"), "{");
    for (const [from, words] of [
      [folder, "cannot be read"],
      [damaged, "is damaged"],
    ] as const) {
      const error = await failureOf(from);
      expect(error).to.be.instanceOf(ConcordatError);
      expect(String(error)).to.contain(words);
    }
  });
});
