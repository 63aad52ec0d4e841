import type { CsvSchema, DatasetTerms, SensorPosition } from "@concordat/protocol/manifest/datasetTerms";
import { csvFeatures } from "@concordat/protocol/manifest/datasetTerms";

type TermsOf<Name extends DatasetTerms["name"]> = Extract<DatasetTerms, { name: Name }>;

/** What images are brought to where nobody says otherwise. */
export const DEFAULT_IMAGE_SHAPE = [32, 32, 3] as const;

/** Samples of a sensor's window. */
export const WINDOW = 128;
/** The activities of RealWorld (HAR) 2016, in the order of their classes. */
export const REALWORLD_ACTIVITIES = [
  "climbingdown",
  "climbingup",
  "jumping",
  "lying",
  "running",
  "sitting",
  "standing",
  "walking",
] as const;

/** What manifests say about folders of pictures: pixels from 0..1 to -1..1. */
export function imageFolderTerms(
  classNames: readonly string[],
  inputShape: readonly number[] = DEFAULT_IMAGE_SHAPE,
): TermsOf<"image-folder"> {
  const middle = Array.from({ length: inputShape[2] ?? 0 }, () => 0.5);
  return {
    name: "image-folder",
    inputShape: [...inputShape],
    classes: classNames.length,
    classNames: [...classNames],
    mean: middle,
    std: middle,
  };
}

/** What manifests say about tables, whose nodes fit the normalisation on their own rows. */
export function csvTerms({ columns, target }: CsvSchema): TermsOf<"csv"> {
  const isRegression = target.kind === "number";
  return {
    name: "csv",
    inputShape: [csvFeatures(columns)],
    classes: isRegression ? 1 : target.values.length,
    ...(!isRegression && { classNames: target.values }),
    mean: [],
    std: [],
    columns,
    target,
  };
}

/** What manifests say about RealWorld (HAR): accelerometer and gyroscope of one position. */
export function realWorldTerms(position: SensorPosition): TermsOf<"realworld-har"> {
  return {
    name: "realworld-har",
    position,
    inputShape: [WINDOW, 6],
    classes: REALWORLD_ACTIVITIES.length,
    classNames: [...REALWORLD_ACTIVITIES],
    mean: [],
    std: [],
  };
}
