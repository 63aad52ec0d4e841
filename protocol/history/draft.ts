/** A record as the fold writes it; everybody else has it readonly. */
export type Draft<T> = {
  -readonly [Key in keyof T]: T[Key] extends ReadonlyMap<infer K, infer V>
    ? Map<K, V>
    : T[Key] extends readonly (infer Item)[]
      ? Item[]
      : T[Key];
};

/** Opens a record of the fold for writing. */
export function draft<T extends object>(record: T): Draft<T>;
export function draft<T extends object>(record: T | undefined): Draft<T> | undefined;
export function draft<T extends object>(record: T | undefined): Draft<T> | undefined {
  return record as Draft<T> | undefined;
}
