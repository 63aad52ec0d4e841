/** What a publisher decides together: a step of the wizard, a section of the command's help, a card of the terms page. */
export type TermGroup =
  "model" | "training" | "clock" | "negotiation" | "committee" | "privacy" | "reward" | "contracts";

/** The unit in which the wizard's field takes a term; the term itself has one unit everywhere. */
export type FieldUnit = "minutes" | "hours" | "percent";

/** What every term says of itself. */
interface TermWords {
  readonly group: TermGroup;
  /** What fields and pages call it. */
  readonly label: string;
  /** What it does, and what more or less of it means. */
  readonly sentence: string;
  /** The contract's errors about it. */
  readonly errors?: readonly string[];
  /** Where people read it, it matters only if this other term is not zero. */
  readonly onlyWith?: string;
  /** How `concordat task publish` asks for it; its default as it would be typed. */
  readonly option?: { readonly flags: string; readonly byDefault?: string; readonly otherwise?: string };
  /** How the wizard asks for it: what stands there at first, in the words of the option, and the unit that is not typed. */
  readonly field?: {
    readonly byDefault: string;
    readonly unit?: FieldUnit;
    /** Whether the field has several lines. */
    readonly hasLines?: true;
    /** Where it is left empty: this share of the aggregation. */
    readonly shareOfAggregation?: number;
  };
}

/** A number without a unit. */
export interface CountTerm extends TermWords {
  readonly kind: "count";
  readonly least: number;
  readonly most: number;
  /** What zero means. */
  readonly zero?: string;
}

/** A length of time, in seconds. */
export interface SecondsTerm extends TermWords {
  readonly kind: "seconds";
  readonly least: number;
  readonly most: number;
}

/** Unix seconds in the contract; as input, and in its bounds, seconds from publication. */
export interface MomentTerm extends TermWords {
  readonly kind: "moment";
  readonly least: number;
  readonly most: number;
}

/** A share in basis points. */
export interface RatioTerm extends TermWords {
  readonly kind: "ratio";
  readonly least: number;
  readonly most: number;
  /** Of what it is a share. */
  readonly of?: string;
}

/** A mean score: accuracy in basis points, or an error times the task's scale. */
export interface ScoreTerm extends TermWords {
  readonly kind: "score";
  readonly least: number;
  readonly most: number;
  readonly zero?: string;
}

/** Any real number within bounds, each of which is one of two. */
export interface NumberTerm extends TermWords {
  readonly kind: "number";
  readonly above?: number;
  readonly least?: number;
  readonly below?: number;
  readonly most?: number;
}

/** Tokens: typed whole with decimals, kept in the token's smallest unit. */
export interface AmountTerm extends TermWords {
  readonly kind: "amount";
  readonly token: "rewardToken" | "stakeToken";
  readonly most: bigint;
  readonly zero: string;
}

/** One of several: each with its name in options and drafts, its number in the contract, and its words. */
export interface ChoiceTerm extends TermWords {
  readonly kind: "choice";
  readonly choices: Readonly<Record<string, { readonly id?: number; readonly words: string }>>;
}

/** Yes or no. */
export interface FlagTerm extends TermWords {
  readonly kind: "flag";
}

/** An account or contract. */
export interface AccountTerm extends TermWords {
  readonly kind: "account";
}

/** The name of an artifact. */
export interface DigestTerm extends TermWords {
  readonly kind: "digest";
}

/** A number of bytes. */
export interface BytesTerm extends TermWords {
  readonly kind: "bytes";
  readonly least: number;
  readonly most: number;
}

export interface TextTerm extends TermWords {
  readonly kind: "text";
  /** Characters. */
  readonly least: number;
  readonly most: number;
}

/** A term whose value is a number that is read from text. */
export type NumericTerm = CountTerm | SecondsTerm | MomentTerm | RatioTerm | ScoreTerm | NumberTerm;

/** One thing that a publisher fixes and everyone consents to. */
export type Term =
  NumericTerm | AmountTerm | ChoiceTerm | FlagTerm | AccountTerm | DigestTerm | BytesTerm | TextTerm;
