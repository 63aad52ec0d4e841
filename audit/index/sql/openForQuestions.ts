import { DatabaseSync, constants } from "node:sqlite";

/** What a statement may do: read tables and views, call functions, recurse. */
const ALLOWED: ReadonlySet<number> = new Set([
  constants.SQLITE_SELECT,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_RECURSIVE,
]);
/** Functions that reach beyond the database. */
const FORBIDDEN_FUNCTIONS: ReadonlySet<string> = new Set(["load_extension", "fts3_tokenizer"]);

/** Bounds of what one statement can be, and of what one value can be: printf alone makes a gigabyte else. */
const LIMITS = {
  length: 2 ** 21,
  sqlLength: 65_536,
  column: 200,
  exprDepth: 200,
  compoundSelect: 100,
  vdbeOp: 100_000,
  functionArg: 100,
  attach: 0,
  likePatternLength: 1000,
  variableNumber: 100,
};

/**
 * Opens an index for statements of strangers: the connection reads only, and an authorizer refuses everything but SELECT,
 * which leaves nothing that PRAGMA, ATTACH or an extension could change. It does not bound time: see SqlPool.
 */
export function openForQuestions(file: string): DatabaseSync {
  const database = new DatabaseSync(file, {
    readOnly: true,
    timeout: 1000,
    defensive: true,
    enableDoubleQuotedStringLiterals: false,
    readBigInts: true,
    returnArrays: true,
    limits: LIMITS,
  });
  database.setAuthorizer((action, _table, name) => {
    const isForbidden =
      action === constants.SQLITE_FUNCTION && FORBIDDEN_FUNCTIONS.has(String(name).toLowerCase());
    return ALLOWED.has(action) && !isForbidden ? constants.SQLITE_OK : constants.SQLITE_DENY;
  });
  return database;
}
