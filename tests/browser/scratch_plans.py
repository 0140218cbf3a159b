import os
from decimal import Decimal
import pytest
from django.conf import settings
from django.test import Client
from apps.budget.models import *
from apps.budget.rules.stages import Stage
from apps.budget.services.plans import copy_last_year, create_plan
from apps.budget.services.lines import change_line
from apps.budget.services.items import change_item
from apps.budget.services import adjustments as adj, sources
from tests.budget.office import Office
from tests.factories import ItemGroupFactory, UnionFactory, CalcLineFactory
OUT = "/tmp/shots"
os.makedirs(OUT, exist_ok=True)
ONLY = os.environ.get("ONLY", "")

def login(page, live_server, user):
    c = Client(); c.force_login(user)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": c.cookies[settings.SESSION_COOKIE_NAME].value, "url": live_server.url}])

def build():
    o = Office()
    for i,n in enumerate(("霸州市","三河市","大厂回族自治县","香河县","永清县","固安县","文安县","大城县","安次区","广阔区")):
        UnionFactory(code=f"D{i}", name=f"{n}总工会")
    for u,nm in ((o.clerk,"示例·林经办"),(o.head,"示例·赵负责"),(o.vice,"示例·钱副主席"),(o.chair,"示例·孙主席")):
        u.full_name = nm; u.save()
    public = ItemGroupFactory(code="public", name="单位专项公用经费项目", ordinal=10)
    def fill(plan, first):
        e = plan.editions.get()
        for name, people, rate, label in (("{年度}年劳模体检费", first, "400", "参加体检劳模"),("市级离退休劳模津贴", 245, "1500", "市级劳模荣誉获得一次")):
            o.add_item(e, name=name, people=people, rate=rate, label=label)
        from apps.budget.services.items import create_item
        from apps.budget.services.lines import add_line
        for name, amt in (("厂务公开经费","200000"),("工会经费","5500000")):
            it = create_item(edition_id=e.pk, actor=o.clerk, now=o.now, values={"group": public, "name": name, "purpose": "{测算句}。"})
            add_line(item_id=it.pk, actor=o.clerk, now=o.now, values={"method":"quota","label":"每年","fixed_amount":Decimal(amt), "note":"每年市财政拨付"})
        from apps.budget.services.outline import add_entry
        add_entry(edition_id=e.pk, section="duties", text="承担交办的其他事项。", actor=o.clerk)
        add_entry(edition_id=e.pk, section="tasks", text="做好服务职工的工作。", actor=o.clerk)
        return e
    p15 = create_plan(union_id=o.union.pk, year=2015, book="fiscal", actor=o.clerk, now=o.now)
    fill(p15, 560)
    e = o.reach(p15, Stage.RATIFIED); o.approve(e)
    p16 = create_plan(union_id=o.union.pk, year=2016, book="fiscal", actor=o.clerk, now=o.now)
    e16 = p16.editions.get()
    copy_last_year(edition_id=e16.pk, actor=o.clerk, now=o.now)
    create_plan(union_id=o.union.pk, year=2016, book="union", actor=o.clerk, now=o.now)
    l = CalcLine.objects.get(item__edition=e16, label="参加体检劳模")
    change_line(line_id=l.pk, actor=o.clerk, values={"people": 557}, seen_version=l.version, now=o.now)
    l = CalcLine.objects.get(item__edition=e16, label="市级劳模荣誉获得一次")
    change_line(line_id=l.pk, actor=o.clerk, values={"people": 251, "rate": Decimal("1600")}, seen_version=l.version, now=o.now)
    it = o.add_item(e16, name="困难职工帮扶中心注入资金", people=300, rate="1500", label="困难职工")
    l = it.lines.get()
    return o, p15, p16, e16, l

@pytest.mark.django_db(transaction=True)
def test_shots(page, live_server):
    o, p15, p16, e16, l = build()
    page.context.on("console", lambda m: print("CSP", m.page.url, m.location) if "inline style" in m.text else None)
    def shot(name, url, user=None, full=True):
        if user: login(page, live_server, user)
        if ONLY and ONLY not in name: return
        page.goto(url); page.wait_for_load_state("networkidle"); page.screenshot(path=f"{OUT}/{name}.png", full_page=full)
    def dialog(name, text):
        if ONLY and ONLY not in name: return
        page.get_by_role("button", name=text, exact=False).first.click(); page.wait_for_selector("#dialog[open] .dialog__body"); page.wait_for_load_state("networkidle")
        page.screenshot(path=f"{OUT}/{name}.png")
        page.keyboard.press("Escape")
    login(page, live_server, o.clerk)
    shot("list", "/budget/plans/"); shot("list16", "/budget/plans/?year=2016"); shot("listempty", "/budget/plans/?year=2031"); shot("new", "/budget/plans/new/")
    shot("plan", f"/budget/plans/{p16.pk}/")
    shot("compare0", f"/budget/plans/{p16.pk}/compare/"); shot("comparechg", f"/budget/plans/{p16.pk}/compare/?show=changed")
    shot("source", f"/budget/lines/{l.pk}/source/"); shot("source_pick", f"/budget/lines/{l.pk}/source/?key=accounts.county_unions")
    sources.bind_source(line_id=l.pk, key="accounts.county_unions", parameters={}, actor=o.clerk, now=o.now)
    UnionFactory(code="D99", name="示例县总工会"); 
    from apps.accounts.models import Union
    Union.objects.filter(code="D3").update(is_active=False)
    UnionFactory(code="D98", name="示例二县总工会")
    shot("source_changed", f"/budget/lines/{l.pk}/source/")
    sources.accept_reading(line_id=l.pk, seen_value=Decimal(11), actor=o.clerk, now=o.now)
    shot("source_same", f"/budget/lines/{l.pk}/source/")
    shot("grid", f"/budget/editions/{e16.pk}/", full=False)
    if not ONLY or "dlg_submit" in ONLY:
        page.goto(f"/budget/editions/{e16.pk}/"); dialog("dlg_submit", "提交审核")
    o.explain_changes(e16); o.submit(e16)
    shot("grid_sub", f"/budget/editions/{e16.pk}/", full=False)
    shot("desk", "/", o.head)
    page.goto(f"/budget/editions/{e16.pk}/"); dialog("dlg_check", "审核通过"); dialog("dlg_return", "退回修改")
    shot("decide_page", f"/budget/editions/{e16.pk}/decide/return/")
    o.answer_findings(e16); o.decide(e16, o.head, "check"); o.decide(e16, o.vice, "approve")
    login(page, live_server, o.chair); page.goto(f"/budget/editions/{e16.pk}/"); dialog("dlg_chair", "会议审定")
    o.decide(e16, o.chair, "approve", minutes_number="示工纪〔2015〕12号")
    shot("plan_head", f"/budget/plans/{p16.pk}/", o.head); dialog("dlg_next", "开启下一阶段")
    d = o.next(p16)
    for it in d.items.all():
        change_item(item_id=it.pk, actor=o.clerk, values={"control_amount": Decimal("500000") if "津贴" not in it.name else Decimal("400000")}, seen_version=it.version, now=o.now)
    o.approve(d)
    s2 = o.next(p16)
    l2 = CalcLine.objects.get(item__edition=s2, label="市级劳模荣誉获得一次")
    change_line(line_id=l2.pk, actor=o.clerk, values={"people": 250}, seen_version=l2.version, now=o.now)
    for it in s2.items.all():
        change_item(item_id=it.pk, actor=o.clerk, values={"control_amount": Decimal("6000000")}, seen_version=it.version, now=o.now)
    o.approve(s2)
    r = o.next(p16); o.approve(r)
    a = o.next(p16)
    shot("adj_empty", f"/budget/editions/{a.pk}/adjustments/", o.clerk)
    its = {i.name: i for i in a.items.all()}
    adj.transfer_between(edition_id=a.pk, from_item_id=its["工会经费"].pk, to_item_id=its["厂务公开经费"].pk, amount=Decimal("50000"), reason="厂务公开检查增加两次。", actor=o.clerk, now=o.now)
    adj.add_to_item(edition_id=a.pk, item_id=its["困难职工帮扶中心注入资金"].pk, amount=Decimal("100000"), reason="省级追加。", actor=o.clerk, now=o.now)
    adj.cut_item(edition_id=a.pk, item_id=its["{年度}年劳模体检费"].pk, amount=Decimal("12800"), reason="实际体检人数减少。", actor=o.clerk, now=o.now)
    adj.add_new_item(edition_id=a.pk, values={"name":"夏送清凉专项","group":ItemGroupFactory(),"purpose":"安排{金额}元。"}, amount=Decimal("30000"), reason="高温慰问。", actor=o.clerk, now=o.now)
    shot("adj", f"/budget/editions/{a.pk}/adjustments/"); dialog("dlg_transfer", "调剂"); dialog("dlg_newitem", "新增项目")
    shot("plan_full", f"/budget/plans/{p16.pk}/"); shot("compare_adj", f"/budget/plans/{p16.pk}/compare/")
    shot("year", "/budget/years/2016/close/", o.head); shot("year15", "/budget/years/2015/close/")
    page.emulate_media(color_scheme="dark"); shot("plan_dark", f"/budget/plans/{p16.pk}/")
