import { globSync, readFileSync } from "node:fs";
import { expect } from "chai";

/** A function or event of an interface, with the documentation above it. */
interface Member {
  readonly name: string;
  readonly kind: "function" | "event";
  readonly isView: boolean;
  readonly documentation: string;
}

const sources = globSync("contracts/interfaces/*.sol").map((file) => readFileSync(file, "utf8"));
const errors = new Set(
  sources.flatMap((text) => [...text.matchAll(/\berror (\w+)\(/g)].map(([, name]) => name)),
);
const members = sources.flatMap((text) =>
  [...text.matchAll(/((?:^ *\/\/\/.*\n)*)^ *(function|event) (\w+)\(([^;]*);/gm)].map(
    ([, documentation = "", kind, name = "", rest = ""]): Member => ({
      name,
      kind: kind === "event" ? "event" : "function",
      isView: /\) external (?:view|pure)\b/.test(rest),
      documentation,
    }),
  ),
);
const namesOf = (wanted: readonly Member[]) => wanted.map(({ name }) => name);

describe("The contracts' interfaces", () => {
  it("say of every function and event what it means", () => {
    expect(members.length).to.be.greaterThan(90);
    expect(namesOf(members.filter(({ documentation }) => !documentation.includes("@notice")))).to.deep.equal(
      [],
    );
  });

  it("say of every action its effects, its requirements, and what it reverts with", () => {
    const actions = members.filter(({ kind, isView }) => kind === "function" && !isView);
    expect(actions.length).to.be.greaterThan(25);
    for (const part of ["*Effects*", "*Requirements*", "*Reverts*"]) {
      expect(
        namesOf(actions.filter(({ documentation }) => !documentation.includes(part))),
        part,
      ).to.deep.equal([]);
    }
  });

  it("name only errors that there are", () => {
    const unknown = members.flatMap(({ name, documentation }) => {
      const [, reverts = ""] = documentation.split("*Reverts*");
      const words = reverts.match(/\b[A-Z][a-z]+(?:[A-Z][A-Za-z]*)\b/g) ?? [];
      return words.filter((word) => !errors.has(word)).map((word) => `${name}: ${word}`);
    });
    expect(unknown).to.deep.equal([]);
  });
});
