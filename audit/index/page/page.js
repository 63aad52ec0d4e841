// The page of an index: examples, a question, its answer as a table, the schema. All text reaches the page as text.

/** Rows that are shown; downloads have all. */
const SHOWN_ROWS = 500;
/** Milliseconds between two looks at how far the index reaches. */
const STATUS_MS = 5000;
const KINDS = { view: "Views", table: "Common tables", event: "Events" };

const byId = (id) => document.getElementById(id);
const [sql, example, message, result] = ["sql", "example", "message", "result"].map(byId);
/** The question whose answer is shown. */
let shown = "";

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

async function getJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return response.json();
}

/** The server's answer to a question. Throws its complaint. */
async function ask(question, format) {
  const response = await fetch("sql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sql: question, format }),
  });
  if (response.ok) return response;
  const { error, hint } = await response.json();
  throw new Error(hint === undefined ? error : `${error}. ${hint}`);
}

function say(text, isWrong = false) {
  message.textContent = text;
  message.classList.toggle("wrong", isWrong);
}

function cell(value) {
  const text = value === null ? "" : String(value);
  return element("td", {
    textContent: text,
    title: text,
    className: typeof value === "number" ? "number" : "",
  });
}

async function run() {
  const question = sql.value;
  say("Running …");
  for (const id of ["run", "csv", "json"]) byId(id).disabled = true;
  try {
    const start = performance.now();
    const { columns, rows, truncated } = await (await ask(question, "json")).json();
    const head = element(
      "tr",
      {},
      ...columns.map((name) => element("th", { scope: "col", textContent: name })),
    );
    const body = rows.slice(0, SHOWN_ROWS).map((row) => element("tr", {}, ...row.map(cell)));
    result.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
    const cut = truncated ? "; there are more: narrow the question, or take the file home" : "";
    const hidden = rows.length > SHOWN_ROWS ? `, the first ${SHOWN_ROWS} shown` : "";
    say(
      `${rows.length} ${rows.length === 1 ? "row" : "rows"}${hidden} in ${Math.round(performance.now() - start)} ms${cut}`,
    );
    shown = question;
    for (const id of ["csv", "json"]) byId(id).disabled = false;
  } catch (error) {
    result.replaceChildren();
    say(error.message, true);
  }
  byId("run").disabled = false;
}

async function download(format) {
  try {
    const url = URL.createObjectURL(await (await ask(shown, format)).blob());
    element("a", { href: url, download: `answer.${format}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  } catch (error) {
    say(error.message, true);
  }
}

function describe({ name, purpose, contract, columns }) {
  const list = columns.flatMap((column) => [
    element("dt", {}, element("code", { textContent: column.name })),
    element("dd", {
      className: "meaning",
      textContent: [column.type, column.meaning].filter(Boolean).join(", ").toLowerCase(),
    }),
  ]);
  const title = contract === undefined ? purpose : contract;
  return element(
    "details",
    {},
    element(
      "summary",
      {},
      element("code", { textContent: name }),
      " ",
      element("span", { className: "meaning", textContent: title }),
    ),
    element("dl", {}, ...list),
  );
}

async function showSchema() {
  const { relations, questions } = await getJson("schema");
  example.replaceChildren(
    ...questions.map(({ title }, index) => element("option", { value: index, textContent: title })),
  );
  const choose = () => {
    sql.value = questions[Number(example.value)].sql;
  };
  example.addEventListener("change", () => {
    choose();
    void run();
  });
  choose();
  for (const [kind, heading] of Object.entries(KINDS)) {
    byId("relations").append(
      element("h3", { textContent: heading }),
      ...relations.filter((relation) => relation.kind === kind).map(describe),
    );
  }
}

async function showStatus() {
  let text = "The index does not answer.";
  try {
    const { chainId, block, behind, timestamp, endpointAnswers } = await getJson("status");
    const time = timestamp === null ? "" : ` (${new Date(timestamp * 1000).toLocaleString()})`;
    const reach = block === null ? "nothing read yet" : `as of block ${block}${time}`;
    const distance = behind === null ? "" : behind === 0 ? ", up to date" : `, ${behind} behind`;
    text = `Chain ${chainId}, ${reach}${distance}${endpointAnswers ? "" : "; the chain's endpoint does not answer"}`;
  } catch {
    // Said already.
  }
  byId("status").textContent = text;
  setTimeout(() => void showStatus(), STATUS_MS);
}

byId("run").addEventListener("click", () => void run());
for (const format of ["csv", "json"]) byId(format).addEventListener("click", () => void download(format));
sql.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void run();
});
void showStatus();
showSchema().catch((error) => say(`The schema cannot be read: ${error.message}`, true));
