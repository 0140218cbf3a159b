/* 一行的操作菜单：历史、数据来源、上移下移、删除。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const table = grid.table;

  const menu = document.getElementById("grid-menu");
  let menuOwner = null;

  function entry(label, keys, action, isDanger) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "menu__item" + (isDanger ? " negative" : "");
    button.setAttribute("role", "menuitem");
    button.tabIndex = -1;
    button.appendChild(document.createTextNode(label));
    if (keys) {
      const kbd = document.createElement("kbd");
      kbd.textContent = keys;
      button.appendChild(kbd);
    }
    button.addEventListener("click", () => {
      closeMenu();
      action();
    });
    menu.appendChild(button);
  }

  function openMenu(tr) {
    const kind = grid.kindOf(tr);
    if (kind !== "line" && kind !== "item") return;
    menu.textContent = "";
    menuOwner = tr;
    if (grid.readsHistory) entry("修改历史", "Alt+H", () => grid.openHistory(tr));
    if (kind === "item") entry("说明、依据、科目与绩效", "", () => window.location.assign(table.dataset.itemPageUrl.replace("/0/", "/" + tr.dataset.id + "/")));
    if (kind === "line" && tr.dataset.id && /^(headcount|tiered)$/.test(tr.dataset.method)) {
      entry("数据来源", "", () => window.htmx.ajax("GET", table.dataset.lineSourceUrl.replace("/0/", "/" + tr.dataset.id + "/"), "#dialog-body"));
    }
    if (grid.isOpen) {
      entry("上移", "Alt+↑", () => grid.moveRow(tr, -1));
      entry("下移", "Alt+↓", () => grid.moveRow(tr, 1));
      entry(kind === "item" ? "删除项目" : "删除测算行", "Ctrl+Delete", () => grid.askRemove(tr), true);
    }
    menu.hidden = false;
    grid.place(menu, tr.cells[tr.cells.length - 1]);
    if (menu.firstChild) menu.firstChild.focus();
  }

  function closeMenu(refocus) {
    if (menu.hidden) return;
    menu.hidden = true;
    menuOwner = null;
    if (refocus) grid.focusActive();
  }

  menu.addEventListener("keydown", (event) => {
    const items = Array.from(menu.children);
    const index = items.indexOf(document.activeElement);
    const moves = { ArrowDown: index + 1, ArrowUp: index - 1 + items.length, Home: 0, End: items.length - 1 };
    if (event.key === "Escape" || event.key === "Tab") closeMenu(true);
    else if (moves[event.key] !== undefined) items[moves[event.key] % items.length].focus();
    else return;
    event.preventDefault();
  });

  table.addEventListener("click", (event) => {
    const button = event.target.closest ? event.target.closest(".row-more") : null;
    if (!button) return;
    event.stopPropagation();
    const tr = button.closest("tr");
    if (menuOwner === tr) closeMenu();
    else openMenu(tr);
  });

  document.addEventListener("mousedown", (event) => {
    if (!menu.hidden && !menu.contains(event.target) && !(event.target.closest && event.target.closest(".row-more"))) closeMenu();
  });

  window.addEventListener("resize", () => {
    closeMenu();
    grid.showTip();
  });

  grid.openMenu = openMenu;
  grid.closeMenu = closeMenu;
})();
