/* 同事同时改着别的行：小计与页面上的行对不上时，或离开久了再回来时，把变了的项目换成最新的。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const table = grid.table;
  const AWAY = 60000;
  let isAsking = false;
  let lastAsked = Date.now();

  /* 一个项目现在的样子：各行的号与版本 */
  function signature(body) {
    const rows = Array.from(body.querySelectorAll(".r-item, .r-line"));
    return rows.map((tr) => tr.dataset.id + ":" + tr.dataset.version).join(" ");
  }

  function isBusy(body) {
    const active = grid.active();
    if (active && grid.isEditing() && body.contains(active)) return true;
    return Array.from(body.querySelectorAll(".r-item, .r-line")).some((tr) => tr.gridState && (tr.gridState.saving || grid.isDirty(tr)));
  }

  /* 换下变了的，加上新的，去掉没有的；正在录入的项目不动 */
  function take(items) {
    const htmls = {};
    const known = {};
    items.forEach((item) => {
      known[item.id] = true;
      const old = document.getElementById("item-" + item.id);
      const fresh = grid.parseItem(item.html);
      if (old && (isBusy(old) || (signature(old) === signature(fresh) && old.dataset.group === item.group))) return;
      if (old && old.dataset.group !== item.group) old.remove();
      htmls[item.id] = item.html;
    });
    table.querySelectorAll(".b-item").forEach((body) => {
      if (!known[body.dataset.item] && !isBusy(body)) htmls[body.dataset.item] = "";
    });
    const changed = Object.keys(htmls);
    if (!changed.length) return 0;
    const focused = document.activeElement;
    const isElsewhere = focused && focused !== document.body && !table.contains(focused);
    grid.takeItems(htmls);
    order(items);
    if (isElsewhere) focused.focus({ preventScroll: true });
    changed.forEach((id) => {
      const body = document.getElementById("item-" + id);
      if (body) body.querySelectorAll("td, th").forEach((cell) => cell.classList.add("is-moving"));
    });
    return changed.length;
  }

  function order(items) {
    items.forEach((item) => {
      const body = document.getElementById("item-" + item.id);
      const add = table.querySelector('.b-add[data-group="' + item.group + '"]');
      if (body && add) table.insertBefore(body, add);
    });
    grid.focusActive();
  }

  function check() {
    if (isAsking || !grid.isOpen) return;
    isAsking = true;
    lastAsked = Date.now();
    grid
      .fetchRows("?all=1")
      .then((said) => {
        const count = take(said.items);
        grid.takeSums(said.sums);
        if (count) window.house.toast("同事改动了 " + count + " 个项目，表格已更新。");
      })
      .catch(() => {
        /* 取不到就等下一次 */
      })
      .then(() => {
        isAsking = false;
      });
  }

  /* 服务器的合计与页面上的行不等，就是别人改了别的行 */
  document.addEventListener("grid:sums", (event) => {
    const seen = {};
    table.querySelectorAll(".b-item").forEach((body) => {
      const td = grid.cellOf(body.rows[0], "amount");
      seen[body.dataset.group] = (seen[body.dataset.group] || BigInt(0)) + BigInt(grid.textOf(td).replace(/[,.]/g, "") || 0);
    });
    const differs = event.detail.some((sum) => sum.key !== "total" && BigInt(sum.amount.replace(/[,.]/g, "")) !== (seen[sum.key] || BigInt(0)));
    const isGone = Object.keys(seen).some((key) => !event.detail.some((sum) => sum.key === key));
    if (differs || isGone) check();
  });

  function returned() {
    if (document.visibilityState === "visible" && Date.now() - lastAsked > AWAY) check();
  }

  /* 换到别的窗口时先存好；离开本页时不再送，录入留在本窗口，回来时接着存 */
  let isLeaving = false;
  window.addEventListener("pagehide", () => {
    isLeaving = true;
  });
  window.addEventListener("pageshow", () => {
    isLeaving = false;
  });

  window.addEventListener("focus", returned);
  document.addEventListener("visibilitychange", () => {
    if (isLeaving) return;
    if (document.visibilityState === "hidden" && grid.isOpen) {
      grid.commit();
      grid.saveAll();
    } else {
      returned();
    }
  });
})();
