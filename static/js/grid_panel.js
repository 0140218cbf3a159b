/* 右侧面板：校验、说明、历史。跟着当前格走，保存后更新；校验结果可在这里说明理由。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const table = grid.table;
  const panel = document.getElementById("grid-panel");
  const body = document.getElementById("grid-panel-body");
  const title = document.getElementById("grid-panel-title");
  const KEY = "grid.panel";
  const PART = { "X-Requested-With": "XMLHttpRequest", "HX-Request": "true", Accept: "text/html" };
  const TITLES = { findings: "校验", explanation: "说明", history: "历史" };
  let shown = "";
  let loaded = ""; /* 已装入的地址 */
  let asked = 0;
  let timer = 0;
  let isOpening = false; /* 刚打开，还没有内容 */
  let pinned = null; /* 由行菜单指定的行 */

  function remember() {
    try {
      localStorage.setItem(KEY, shown);
    } catch (error) {
      /* 记不住就算了 */
    }
  }

  function open(name) {
    shown = name;
    panel.hidden = !name;
    panel.parentNode.classList.toggle("has-panel", Boolean(name));
    document.querySelectorAll("[data-panel]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.panel === name));
    });
    remember();
    body.textContent = "";
    if (!name) return;
    title.textContent = TITLES[name];
    loaded = "";
    isOpening = true;
    load();
  }

  function currentRow() {
    if (pinned && document.contains(pinned)) return pinned;
    return grid.active() ? grid.active().parentNode : null;
  }

  function address() {
    if (shown === "findings") return table.dataset.findingsUrl;
    const tr = currentRow();
    const item = tr ? grid.itemOf(tr) : null;
    if (!item) return "";
    if (shown === "explanation") return table.dataset.explanationUrl.replace("/0/", "/" + item.dataset.id + "/");
    const isLine = grid.kindOf(tr) === "line";
    const id = isLine ? tr.dataset.id : item.dataset.id;
    return id ? table.dataset.historyUrl.replace("TABLE", isLine ? "lines" : "items").replace("/0/", "/" + id + "/") : "";
  }

  function load() {
    if (!shown) return;
    const url = address();
    if (!url) {
      body.innerHTML = "";
      const words = document.createElement("p");
      words.className = "muted";
      words.textContent = "选中一行，这里显示它的" + TITLES[shown] + "。";
      body.appendChild(words);
      loaded = "";
      return;
    }
    if (url === loaded || isAnswering()) return;
    const number = (asked += 1);
    window
      .fetch(url, { credentials: "same-origin", headers: PART })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer)))
      .then((html) => {
        if (number !== asked) return;
        loaded = url;
        fill(html);
      })
      .catch(() => {
        if (number !== asked) return;
        loaded = "";
        body.innerHTML = '<p class="muted">暂时取不到，请稍后再试。</p>';
      });
  }

  function fill(html) {
    body.innerHTML = html;
    if (shown === "findings") linkPlaces();
    if (isOpening) panel.scrollIntoView({ block: "nearest" }); /* 窄屏上面板在表格下面 */
    isOpening = false;
  }

  function itemAt(place) {
    const text = place.textContent.trim();
    const items = Array.from(table.querySelectorAll(".r-item"));
    return items.find((tr) => text === tr.dataset.title || text.indexOf(tr.dataset.title + "）") >= 0 || text.indexOf(tr.dataset.title + " ") === 0);
  }

  /* 校验结果里写着项目名的，点了就到那一项 */
  function linkPlaces() {
    body.querySelectorAll(".finding__place").forEach((place) => {
      const text = place.textContent.trim();
      const item = itemAt(place);
      if (!item || place.querySelector("a")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "grid-panel__go";
      button.textContent = text;
      button.addEventListener("click", () => grid.activate(item.cells[1]));
      place.textContent = "";
      place.appendChild(button);
    });
  }

  /* 理由写了一半时，不换掉面板 */
  function isAnswering() {
    return Array.from(body.querySelectorAll("textarea")).some((field) => field.value.trim());
  }

  /* 说明理由：留在本页，那一项的提示跟着换 */
  body.addEventListener("submit", (event) => {
    const form = event.target;
    event.preventDefault();
    const place = form.closest(".finding").querySelector(".finding__place");
    const item = place ? itemAt(place) : null;
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    const data = new FormData(form);
    data.delete("csrfmiddlewaretoken"); /* 请求头里带的总是新的 */
    const number = (asked += 1);
    window.houseSession
      .fetch(form.action, { method: "POST", body: data, headers: PART })
      .then((answer) => Promise.all([answer.status, answer.text()]))
      .then(([status, html]) => {
        if (status !== 200 && status !== 422) throw status;
        if (number === asked) {
          fill(html);
          panel.focus();
        }
        if (status === 200) {
          window.house.toast("已记下理由。", "success");
          document.dispatchEvent(new CustomEvent("findings:answered"));
          if (item) grid.refreshItems([item.dataset.id]);
        }
      })
      .catch(() => {
        button.disabled = false;
        window.house.toast("没有记下理由，请稍后再试。", "error");
      });
  });

  function later(pause) {
    clearTimeout(timer);
    timer = setTimeout(load, pause);
  }

  document.querySelectorAll("[data-panel]").forEach((button) => {
    button.addEventListener("click", () => {
      pinned = null;
      open(shown === button.dataset.panel ? "" : button.dataset.panel);
    });
  });

  document.getElementById("grid-panel-close").addEventListener("click", () => {
    open("");
    grid.focusActive();
  });

  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      open("");
      grid.focusActive();
    }
  });

  grid.on("activate", (td) => {
    if (!shown || shown === "findings") return;
    if (pinned && pinned !== td.parentNode) pinned = null;
    later(250);
  });

  document.addEventListener("grid:saved", () => {
    loaded = "";
    later(shown === "findings" ? 800 : 100);
  });

  grid.readsHistory = document.querySelector('[data-panel="history"]') !== null;
  grid.openHistory = (tr) => {
    if (!grid.readsHistory) return;
    pinned = tr;
    open("history");
  };

  try {
    const last = localStorage.getItem(KEY);
    if (last && TITLES[last] && window.innerWidth >= 1600) open(last);
  } catch (error) {
    /* 记不住就从关着开始 */
  }
})();
