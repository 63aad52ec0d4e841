import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BUILT = /(^|\/)(node_modules|dist|typechain)(\/|$)/;

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const packages = globSync(["{protocol,audit,deploy,frontend}/package.json", "oracle-nodes/*/package.json"], {
  cwd: ROOT,
}).map((file) => {
  const manifest = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as Manifest;
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest;
  const declared = { ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies };
  return { name: manifest.name, folder: dirname(file), declared: new Set(Object.keys(declared)) };
});

/** Names of the packages that a module imports, by any form of import. */
function importsOf(text: string): string[] {
  const specifiers = text.matchAll(
    /(?:\bfrom|\bimport|^import)\s*\(?\s*"((?:@[\w.-]+\/)?[\w.-]+)(?:\/[^"]*)?"(?=;|\)|,| with)/gm,
  );
  return [...specifiers].map(([, name = ""]) => name).filter((name) => /^[@a-z]/.test(name));
}

describe("packages", () => {
  for (const { name, folder, declared } of packages) {
    it(`${name} declares what it imports, and nothing else`, () => {
      const files = globSync(`${folder}/**/*.{ts,tsx,mjs}`, {
        cwd: ROOT,
        exclude: (path) => BUILT.test(path),
      });
      const texts = files.map((file) => readFileSync(join(ROOT, file), "utf8"));
      const imported = new Set(
        texts.flatMap(importsOf).filter((each) => each !== name && !each.startsWith("node:")),
      );
      expect([...imported].filter((each) => !declared.has(each) && !BUILT_IN.has(each))).to.deep.equal([]);
      const mentioned = texts.join("\n");
      expect(
        [...declared].filter((each) => !imported.has(each) && !mentioned.includes(`"${each}`)),
      ).to.deep.equal([...(NOT_IMPORTED[name] ?? [])]);
    });
  }

  it("that a page loads too import nothing of Node's, but where their folder says so", () => {
    const files = globSync("{protocol,oracle-nodes/learning}/**/*.ts", {
      cwd: ROOT,
      exclude: (path) => BUILT.test(path) || NODE_ONLY.test(path),
    });
    expect(files.filter((file) => /"node:/.test(readFileSync(join(ROOT, file), "utf8")))).to.deep.equal([]);
  });

  it("depend on each other one way", () => {
    const order: string[] = [];
    const visit = (name: string, path: readonly string[]): void => {
      expect(path, `${[...path, name].join(" -> ")} is a circle`).not.to.include(name);
      if (order.includes(name)) return;
      const { declared } = packages.find((each) => each.name === name) ?? { declared: new Set<string>() };
      for (const each of declared)
        if (packages.some((other) => other.name === each)) visit(each, [...path, name]);
      order.push(name);
    };
    for (const { name } of packages) visit(name, []);
    expect(order).to.have.length(packages.length);
  });
});

/** Folders of the learning that read folders, open GPUs and start programs and threads. */
const NODE_ONLY = /learning\/(data|nodeOnly|engines\/backends|engines\/process)(\/|$)/;
const BUILT_IN = new Set(["module", "vite/client"]);
/** Types of what is imported. */
const NOT_IMPORTED: Readonly<Record<string, readonly string[]>> = {
  "@concordat/frontend": ["@types/react", "@types/react-dom"],
};
