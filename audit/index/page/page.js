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
/** All transactions of an address, in SQL with :address. */
let addressQuestion = "";

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

/** A link to a question: the address holds it, so it can be shared. */
function linkTo(question) {
  return `#${new URLSearchParams({ sql: question })}`;
}

/** An address leads to all its transactions. Long hex is cut by the style alone: what is copied is whole. */
function cell(value) {
  const text = value === null ? "" : String(value);
  const className = /^-?\d+(\.\d+)?$/.test(text) ? "number" : /^0x[0-9a-fA-F]{40,}$/.test(text) ? "hex" : "";
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return element("td", { textContent: text, title: text, className });
  const href = linkTo(addressQuestion.replace(":address", `'${text}'`));
  const title = `All transactions of ${text}`;
  return element("td", { className }, element("a", { textContent: text, title, href }));
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
    const count = rows.length === 1 ? "1 row" : `${rows.length} rows`;
    const none = rows.length === 0 ? ": nothing in this index is like that" : "";
    say(`${count}${hidden} in ${Math.round(performance.now() - start)} ms${cut}${none}`);
    shown = question;
    history.replaceState(null, "", linkTo(question));
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
  const { relations, questions, ...more } = await getJson("schema");
  addressQuestion = more.addressQuestion;
  example.replaceChildren(
    element("option", { value: "", textContent: "Your own question", hidden: true }),
    ...questions.map(({ title, sql: question }) =>
      element("option", { value: question, textContent: title }),
    ),
  );
  example.addEventListener("change", () => {
    sql.value = example.value;
    void run();
  });
  sql.addEventListener("input", showExample);
  sql.value = questions[0].sql;
  showExample();
  askLinked();
  for (const [kind, heading] of Object.entries(KINDS)) {
    byId("relations").append(
      element("h3", { textContent: heading }),
      ...relations.filter((relation) => relation.kind === kind).map(describe),
    );
  }
}

/** Chooses the example that the question is. */
function showExample() {
  const isExample = [...example.options].some(({ value }) => value === sql.value);
  example.value = isExample ? sql.value : "";
}

/** Asks the question that the address holds. */
function askLinked() {
  const question = new URLSearchParams(location.hash.slice(1)).get("sql");
  if (question === null) return;
  sql.value = question;
  showExample();
  void run();
}

async function showStatus() {
  let text = "The index does not answer.";
  try {
    const { chainId, block, behind, timestamp, endpointAnswers, transactions } = await getJson("status");
    const time = timestamp === null ? "" : ` (${new Date(timestamp * 1000).toLocaleString()})`;
    const reach = block === null ? "nothing read yet" : `as of block ${block}${time}`;
    const distance = behind === null ? "" : behind === 0 ? ", up to date" : `, ${behind} behind`;
    const extent =
      transactions === "all" ? "all transactions to the contracts" : "transactions that caused events";
    text = `Chain ${chainId}, ${reach}${distance}; ${extent}${endpointAnswers ? "" : "; the chain's endpoint does not answer"}`;
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
addEventListener("hashchange", askLinked);
void showStatus();
showSchema().catch((error) => say(`The schema cannot be read: ${error.message}`, true));
