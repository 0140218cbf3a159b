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

  /* 菜单跟着它的行走；行不在了，或滚出看得见的地方，就关上，焦点回到当前格 */
  function isInSight(tr) {
    const view = grid.box.getBoundingClientRect();
    const row = tr.getBoundingClientRect();
    const sums = Array.from(table.querySelectorAll("tfoot th"), (th) => th.getBoundingClientRect().top);
    /* 上面被表头和分组行遮住，下面被合计遮住 */
    const top = Math.max(view.top + parseFloat(getComputedStyle(grid.box).scrollPaddingTop), 0);
    const bottom = Math.min(view.bottom, window.innerHeight, ...sums);
    return tr.isConnected && row.bottom > top && row.top < bottom;
  }

  document.addEventListener(
    "scroll",
    () => {
      if (menu.hidden) return;
      if (isInSight(menuOwner)) grid.place(menu, menuOwner.cells[menuOwner.cells.length - 1]);
      else closeMenu(menu.contains(document.activeElement));
    },
    { capture: true, passive: true }
  );

  window.addEventListener("resize", () => {
    closeMenu();
    grid.showTip();
  });

  grid.openMenu = openMenu;
  grid.closeMenu = closeMenu;
})();
