import type { IncomingMessage } from "node:http";
import type { SqlQuestion } from "../sql/runQuery.ts";
import { readBody } from "./requestBody.ts";
import { RequestError } from "./requestError.ts";

/**
 * Reads a question: GET /sql?q=SELECT...&parameters=[1]&format=csv, or POST /sql with {"sql", "parameters", "format"} as
 * JSON, or with the SQL itself as text.
 * @throws {RequestError} naming what is wrong.
 */
export async function readQuestion(request: IncomingMessage, query: URLSearchParams): Promise<SqlQuestion> {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim();
  const given: Readonly<Record<string, unknown>> =
    request.method !== "POST"
      ? {}
      : type === "application/json"
        ? jsonObject(await readBody(request))
        : { sql: await readBody(request) };
  const parameters = query.get("parameters");
  const {
    sql = query.get("q"),
    format = query.get("format") ?? "json",
    parameters: values = parameters === null ? [] : parseJson(parameters, "parameters"),
  } = given;
  if (typeof sql !== "string" || sql.trim() === "") {
    throw new RequestError(400, "There is no question", "Give SQL in q, or in the body");
  }
  if (format !== "json" && format !== "csv") throw new RequestError(400, "format must be json or csv");
  if (!areParameters(values)) {
    throw new RequestError(400, "parameters must be an array or object of strings, numbers and nulls");
  }
  return { sql, parameters: values, format };
}

function areParameters(value: unknown): value is SqlQuestion["parameters"] {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).every(
    (item) => item === null || typeof item === "string" || typeof item === "number",
  );
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text, "The body");
  if (typeof value !== "object" || value === null)
    throw new RequestError(400, "The body is not a JSON object");
  return value as Readonly<Record<string, unknown>>;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, `${what} is not JSON`);
  }
}
