import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { datasetSchema } from "@concordat/protocol/manifest/datasetTerms";
import { OFFICIAL_TERMS } from "@concordat/learning/data/officialTerms";
import { csvTerms, imageFolderTerms, realWorldTerms } from "@concordat/learning/data/ownTerms";
import type { Draft, DraftFaults } from "./draft.ts";
import { linesOf, parseTable, tableSchema } from "./tableDraft.ts";

/** Pixels on a side that nodes bring pictures to, at most. */
const MAX_SIDE = 1024;

/** What the manifest says about the data, or what is missing for it. */
export type DraftDataset =
  | { readonly terms: DatasetTerms; readonly faults?: undefined }
  | { readonly terms?: undefined; readonly faults: DraftFaults };

/** The data that a draft describes. */
export function draftDataset(draft: Draft): DraftDataset {
  switch (draft.dataset) {
    case "realworld-har":
      return { terms: realWorldTerms(draft.position) };
    case "image-folder":
      return imageFolder(draft);
    case "csv": {
      const schema = tableSchema(parseTable(draft.table));
      return typeof schema === "string" ? { faults: { table: schema } } : checked(csvTerms(schema), "table");
    }
    default:
      return { terms: OFFICIAL_TERMS[draft.dataset] };
  }
}

function imageFolder({ height, width, channels, classNames }: Draft): DraftDataset {
  const bad = Object.entries({ height, width }).filter(
    ([, text]) => !/^\d{1,4}$/.test(text.trim()) || Number(text) < 1 || Number(text) > MAX_SIDE,
  );
  if (bad.length > 0) {
    return {
      faults: Object.fromEntries(bad.map(([field]) => [field, `Give a whole number from 1 to ${MAX_SIDE}`])),
    };
  }
  const names = linesOf(classNames);
  if (names.length < 2) return { faults: { classNames: "Name at least two classes, one a line" } };
  return checked(imageFolderTerms(names, [Number(height), Number(width), Number(channels)]), "classNames");
}

function checked(terms: DatasetTerms, field: keyof DraftFaults): DraftDataset {
  const result = datasetSchema.safeParse(terms);
  return result.success ? { terms } : { faults: { [field]: result.error.issues[0]?.message ?? "invalid" } };
}
