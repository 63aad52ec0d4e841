import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { inputNote } from "@concordat/protocol/terms/inputNote";
import { readTerm } from "@concordat/protocol/terms/readTerm";
import { termsOfError } from "@concordat/protocol/terms/termErrors";
import type { NumericTerm, Term } from "@concordat/protocol/terms/term";
import { TERMS, termOf } from "@concordat/protocol/terms/terms";
import type { TermName } from "@concordat/protocol/terms/terms";
import { address, tokenAmount } from "../parsers.ts";
import { plainWords } from "../plainWords.ts";

/** The terms that the command line asks for. */
export type OptionTerm = {
  [Name in TermName]: (typeof TERMS)[Name] extends { readonly option: object } ? Name : never;
}[TermName];

/** An option that gives a term: its value has the term's name, whatever its flag is called. */
class TermOption extends Option {
  readonly term: OptionTerm;

  constructor(term: OptionTerm, flags: string, description: string) {
    super(flags, description);
    this.term = term;
  }

  override attributeName(): string {
    return this.term;
  }
}

/** Adds options for terms, each as its record says it. */
export function addTerms(command: Command, names: readonly OptionTerm[]): Command {
  for (const name of names) command.addOption(termOption(name));
  return command;
}

/** Whether the command line asks for a term. */
export function isOptionTerm(name: TermName): name is OptionTerm {
  return termOf(name).option !== undefined;
}

/** The flag of a term, e.g. "--slot". */
export function flagOf(name: OptionTerm): string {
  return TERMS[name].option.flags.split(" ")[0] ?? "";
}

/** The flags of the terms that an error of the contract is about, e.g. "--min-nodes or --max-nodes". */
export function flagsAbout(error: string): string | undefined {
  const flags = termsOfError(error).flatMap((name) => (isOptionTerm(name) ? [flagOf(name)] : []));
  return flags.length === 0 ? undefined : flags.join(" or ");
}

/** The option of a term, with its sentence, its choices, and its default. */
export function termOption(name: OptionTerm): Option {
  const term = termOf(name);
  const { flags, byDefault, otherwise }: NonNullable<Term["option"]> = TERMS[name].option;
  const text = otherwise === undefined ? helpText(term) : `${helpText(term)} (default: ${otherwise})`;
  const option = new TermOption(name, flags, text);
  switch (term.kind) {
    case "choice":
      option.choices(Object.keys(term.choices));
      break;
    case "amount":
      option.argParser(tokenAmount);
      break;
    case "account":
      option.argParser(address);
      break;
    case "count":
    case "seconds":
    case "moment":
    case "ratio":
    case "score":
    case "number": {
      const parse = parserOf(term);
      option.argParser(parse);
      return byDefault === undefined ? option : option.default(parse(byDefault), byDefault);
    }
    case "flag":
    case "text":
    case "digest":
    case "bytes":
      break;
  }
  return byDefault === undefined ? option : option.default(byDefault);
}

/** Reads a term. Which numbers privacy can be had with, and why, its schema says. */
function parserOf(term: NumericTerm): (text: string) => number {
  if (term.group === "privacy" && term.kind === "number") return anyNumber;
  return (text) => {
    const { value, fault } = readTerm(term, text);
    if (fault !== undefined) throw new InvalidArgumentError(fault);
    return value;
  };
}

function anyNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Give a number");
  return value;
}

/** A term in the words of the help. */
function helpText(term: Term): string {
  const label = plainWords(term.label.replace(/ \(address\)$/, ""));
  return [`${label}: ${plainWords(term.sentence)}`, inputNote(term)].join(" ").replace(/\. ?$/, "");
}
