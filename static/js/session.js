/* 登录时限：到时前提醒，到时后在原地重新登录，页面上填写的内容都留着；几个窗口互相通知。

   其他脚本可用：
   - 离开本页的提交（普通表单）：先问服务器登录还在不在，不在就原地登录再提交，填写的内容不离开本页。
   - houseSession.fetch(url, options)：同 fetch，自动带 CSRF；登录已超时就等重新登录后再发一次。
   - houseSession.expired(原因)：服务器回答 401（X-Signed-Out）时调用。
   服务器每次回答都带 X-Session-Seconds：距自动退出的秒数。 */
(function () {
  "use strict";

  var dialog = document.getElementById("session-dialog");
  if (!dialog) return;

  var facts = dialog.dataset;
  var user = facts.user;
  var idle = Number(facts.idle) * 1000;
  var warning = Number(facts.warning) * 1000;
  var KEY = "house.session";

  var endsAt = 0;
  var lastSign = 0; /* 上一次让服务器知道有人在用 */
  var lastHeard = 0; /* 上一次从服务器得知登录还在 */
  var FRESH = 10000;
  var isAsking = false;
  var mode = ""; /* ""、warning、form、other */
  var reason = "";
  var announced = Infinity;
  var focusBefore = null;
  var waiting = [];
  var asking = new WeakSet(); /* 提交前正在问的表单 */
  var cleared = new WeakSet(); /* 问过了，可以提交的表单 */

  function part(name) {
    return dialog.querySelector("[data-session-" + name + "]");
  }

  var form = part("form");

  /* ---- 令牌：另一窗口登录后会换新，发送前总以 cookie 里的为准 ---- */

  function cookie(name) {
    var found = document.cookie.split("; ").filter(function (pair) {
      return pair.indexOf(name + "=") === 0;
    })[0];
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  }

  function syncToken() {
    var token = cookie(facts.csrfCookie);
    if (!token) return "";
    var meta = document.querySelector('meta[name="csrf-token"]');
    if (meta) meta.content = token;
    Array.prototype.forEach.call(document.querySelectorAll('input[name="csrfmiddlewaretoken"]'), function (input) {
      input.value = token;
    });
    return token;
  }

  function send(url, options) {
    var settings = Object.assign({ credentials: "same-origin" }, options);
    settings.headers = Object.assign(
      { "X-CSRFToken": syncToken(), "X-Requested-With": "XMLHttpRequest", Accept: "application/json" },
      options && options.headers
    );
    return window.fetch(url, settings);
  }

  /* ---- 窗口之间：谁登录着、到几点 ---- */

  function share() {
    try {
      localStorage.setItem(KEY, JSON.stringify({ user: user, endsAt: endsAt }));
    } catch (error) {
      /* 浏览器不许保存时，各窗口各算各的 */
    }
  }

  function hear(text) {
    var news = null;
    try {
      news = JSON.parse(text);
    } catch (error) {
      return;
    }
    if (!news) return;
    syncToken();
    if (news.user !== user) {
      mode = "other";
    } else {
      if (mode === "other") mode = "";
      endsAt = news.endsAt;
      lastSign = Math.max(lastSign, endsAt - idle);
      reason = endsAt ? "" : "已在另一个窗口退出登录。";
    }
    tick();
  }

  window.addEventListener("storage", function (event) {
    if (event.key === KEY && event.newValue) hear(event.newValue);
  });

  function learn(seconds) {
    lastHeard = Date.now();
    endsAt = lastHeard + seconds * 1000;
    reason = "";
    share();
    tick();
  }

  function learnFrom(header) {
    if (header !== null && header !== "" && !isNaN(header)) learn(Number(header));
  }

  /* ---- 对话框 ---- */

  function show(wanted) {
    if (mode !== wanted || !dialog.open) {
      var isForm = wanted !== "warning";
      part("warning").hidden = isForm;
      form.hidden = wanted !== "form";
      part("other").hidden = wanted !== "other";
      part("title").textContent = { warning: "即将自动退出", form: "请重新登录", other: "已换用户登录" }[wanted];
      part("reason").textContent = (reason || "登录已超时。") + "页面上填写的内容都还在，重新登录后可继续。";
      mode = wanted;
      if (!dialog.open) {
        focusBefore = document.activeElement;
        dialog.showModal();
      }
      var first = dialog.querySelector(isForm ? "form:not([hidden]) [type=password], form:not([hidden]) [type=submit]" : "[data-session-stay]");
      if (first) first.focus();
    }
  }

  function hide() {
    mode = "";
    announced = Infinity;
    if (!dialog.open) return;
    dialog.close();
    part("error").hidden = true;
    if (focusBefore && document.contains(focusBefore)) focusBefore.focus();
  }

  function words(seconds) {
    var minutes = Math.floor(seconds / 60);
    return (minutes ? minutes + " 分 " : "") + (seconds % 60) + " 秒";
  }

  function announce(seconds) {
    [120, 60, 30, 10].forEach(function (mark) {
      if (seconds <= mark && announced > mark) {
        announced = mark;
        part("announce").textContent = "还有 " + words(seconds) + "自动退出登录，按“继续工作”可以留下。";
      }
    });
  }

  function tick() {
    if (mode === "other") return show("other");
    var left = endsAt - Date.now();
    if (left <= 0 || mode === "form") {
      if (left > warning) return hide();
      return show("form");
    }
    if (left <= warning) {
      var seconds = Math.ceil(left / 1000);
      part("countdown").textContent = words(seconds);
      show("warning");
      return announce(seconds);
    }
    hide();
  }

  /* 有人在用：打开页面、按键、点击、滚动。告诉服务器，但不必每次都说。 */
  function inUse() {
    if (!mode && endsAt - Date.now() > warning && Date.now() - lastSign > idle / 10) stay();
  }

  /* ---- 继续工作 ---- */

  function stay() {
    if (isAsking) return;
    isAsking = true;
    lastSign = Date.now();
    send(facts.keepAliveUrl, { method: "POST" })
      .then(function (answer) {
        if (answer.status === 401) return answer.json().then(expired);
        if (!answer.ok) return null;
        return answer.json().then(function (now) {
          if (String(now.user) !== user) {
            mode = "other";
            return tick();
          }
          learn(now.seconds);
          if (now.seconds * 1000 <= warning && dialog.open) {
            reason = "本次登录已到最长时限。";
            mode = "";
            show("form");
          }
          return null;
        });
      })
      .catch(function () {
        /* 断网：时限照走，恢复后再试 */
      })
      .then(function () {
        isAsking = false;
      });
  }

  function expired(said) {
    if (said && said.message) reason = said.message;
    endsAt = 0;
    share();
    tick();
  }

  /* ---- 原地重新登录 ---- */

  function complain(text) {
    part("error").textContent = text;
    part("error").hidden = false;
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (isAsking) return;
    isAsking = true;
    part("error").hidden = true;
    var password = form.elements.password;
    var body = new URLSearchParams();
    body.set("username", form.elements.username.value);
    if (password) body.set("password", password.value);
    send(facts.demoUrl || facts.signInAgainUrl, { method: "POST", body: body })
      .then(function (answer) {
        if (answer.ok) return answer.json().then(returned);
        if (answer.status === 403) return complain("本页已过期，请在新窗口登录后再回到这里。");
        return answer.json().then(function (said) {
          complain(said.message);
          if (password) password.select();
        });
      })
      .catch(function () {
        complain("连不上服务器，请检查网络后再试。");
      })
      .then(function () {
        isAsking = false;
      });
  });

  function returned(now) {
    if (form.elements.password) form.elements.password.value = "";
    if (String(now.user) !== user) return location.reload();
    syncToken();
    lastSign = Date.now();
    mode = "";
    learn(now.seconds);
    waiting.splice(0).forEach(function (again) {
      again();
    });
    document.dispatchEvent(new CustomEvent("house:signed-in"));
    return null;
  }

  part("stay").addEventListener("click", stay);

  part("reload").addEventListener("click", function () {
    location.reload();
  });

  dialog.addEventListener("cancel", function (event) {
    event.preventDefault();
    if (mode === "warning") stay();
  });

  dialog.addEventListener("close", function () {
    if (mode === "warning") stay();
    else if (mode) tick();
  });

  /* ---- 与页面上的其他请求配合 ---- */

  document.addEventListener(
    "submit",
    function (event) {
      var sent = event.target;
      if (sent === form || sent.method !== "post") return;
      syncToken();
      if (sent.getAttribute("action") === facts.signOutUrl) {
        endsAt = 0;
        share();
      } else if (mode === "other" || endsAt <= Date.now()) {
        event.preventDefault();
        event.stopImmediatePropagation();
        tick();
      } else if (!cleared.delete(sent) && !sent.hasAttribute("hx-post") && Date.now() - lastHeard > FRESH) {
        event.preventDefault();
        event.stopImmediatePropagation();
        askFirst(sent, event.submitter);
      }
    },
    true
  );

  /* 一段时间没有往来：登录可能已在别处结束，服务器可能正忙。问明白了再送，填写的内容就不会丢。 */
  function askFirst(sent, button) {
    if (asking.has(sent)) return;
    asking.add(sent);
    patientFetch(facts.keepAliveUrl, { method: "POST" })
      .then(function (answer) {
        return answer.json().then(function (now) {
          if (!answer.ok) return window.house.toast(now.message + "填写的内容都还在。", "error");
          if (String(now.user) !== user) {
            mode = "other";
            return tick();
          }
          cleared.add(sent);
          return sent.requestSubmit(button && document.contains(button) ? button : undefined);
        });
      })
      .catch(function () {
        window.house.toast("连不上服务器，没有提交；填写的内容都还在，请稍后再试。", "error");
      })
      .then(function () {
        asking.delete(sent);
        cleared.delete(sent);
      });
  }

  document.addEventListener("htmx:configRequest", syncToken, true);

  document.addEventListener("htmx:afterRequest", function (event) {
    var answer = event.detail.xhr;
    if (!answer) return;
    if (answer.status === 401 && answer.getResponseHeader("X-Signed-Out")) {
      expired({ message: JSON.parse(answer.responseText).message + "刚才的操作没有完成。" });
    } else {
      learnFrom(answer.getResponseHeader("X-Session-Seconds"));
    }
  });

  function patientFetch(url, options) {
    return send(url, options).then(function (answer) {
      if (answer.status === 401 && answer.headers.get("X-Signed-Out")) {
        return answer.json().then(function (said) {
          return new Promise(function (resolve) {
            waiting.push(function () {
              resolve(patientFetch(url, options));
            });
            expired(said);
          });
        });
      }
      learnFrom(answer.headers.get("X-Session-Seconds"));
      return answer;
    });
  }

  ["keydown", "input", "pointerdown", "wheel"].forEach(function (name) {
    document.addEventListener(name, inUse, { capture: true, passive: true });
  });

  window.addEventListener("focus", tick);
  document.addEventListener("visibilitychange", tick);

  window.houseSession = { fetch: patientFetch, expired: expired };

  lastSign = Date.now() - Math.max(0, idle - Number(facts.seconds) * 1000);
  learn(Number(facts.seconds));
  inUse();
  window.setInterval(tick, 1000);
})();
