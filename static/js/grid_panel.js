/* 右侧面板：校验、说明、历史。跟着当前格走，保存后更新。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const table = grid.table;
  const panel = document.getElementById("grid-panel");
  const body = document.getElementById("grid-panel-body");
  const title = document.getElementById("grid-panel-title");
  const KEY = "grid.panel";
  const TITLES = { findings: "校验", explanation: "说明", history: "历史" };
  let shown = "";
  let loaded = ""; /* 已装入的地址 */
  let asked = 0;
  let timer = 0;
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
    Array.prototype.forEach.call(document.querySelectorAll("[data-panel]"), (button) => {
      button.setAttribute("aria-pressed", String(button.dataset.panel === name));
    });
    remember();
    if (!name) return;
    title.textContent = TITLES[name];
    loaded = "";
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
    if (url === loaded) return;
    const number = (asked += 1);
    const headers = { "X-Requested-With": "XMLHttpRequest", "HX-Request": "true", Accept: "text/html" };
    window
      .fetch(url, { credentials: "same-origin", headers: headers })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer)))
      .then((html) => {
        if (number !== asked) return;
        loaded = url;
        body.innerHTML = html;
        linkPlaces();
        if (window.htmx) window.htmx.process(body);
      })
      .catch(() => {
        if (number !== asked) return;
        loaded = "";
        body.innerHTML = '<p class="muted">暂时取不到，请稍后再试。</p>';
      });
  }

  /* 校验结果里写着项目名的，点了就到那一项 */
  function linkPlaces() {
    if (shown !== "findings") return;
    const items = Array.prototype.slice.call(table.querySelectorAll(".r-item"));
    Array.prototype.forEach.call(body.querySelectorAll(".finding__place"), (place) => {
      const text = place.textContent.trim();
      const item = items.find((tr) => text === tr.dataset.title || text.indexOf(tr.dataset.title + "）") >= 0 || text.indexOf(tr.dataset.title + " ") === 0);
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

  function later(pause) {
    clearTimeout(timer);
    timer = setTimeout(load, pause);
  }

  Array.prototype.forEach.call(document.querySelectorAll("[data-panel]"), (button) => {
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

  grid.openHistory = (tr) => {
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
