import pytest, pathlib
from decimal import Decimal
from apps.budget import documents
from apps.budget.models import Edition
from apps.budget.selectors.sheet import edition_sheet
from apps.budget.rules.text import check_text
from apps.core.texts import read_text
from apps.budget.checks import known_documents
from tests.budget.office import Office
from tests.budget.paper import example_edition
pytestmark = pytest.mark.django_db

def show(name, text):
    out=open('/tmp/gen_'+name+'.txt','w'); out.write(text+'\n=====\n')
    for f in check_text(text,year=2016,known_documents=known_documents()): out.write(f"{f.severity} {f.code} | {f.message} | {f.place} | {f.excerpt}\n")

def test_a():
    o=Office(); e=example_edition(o)
    show('demo', documents.plain_text(edition_sheet(e)))

def test_b():
    o=Office(); p=o.plan(items=3); e=p.editions.get()
    o.add_item(e,name='甲',people=3,rate='33.33'); o.add_item(e,name='乙',people=7,rate='1428.57'); o.add_item(e,name='丙',people=1,rate='12345.67')
    show('plan', documents.plain_text(edition_sheet(Edition.objects.for_detail().get(pk=e.pk))))

def test_pdf():
    import io
    from django.core.management import call_command
    from apps.budget import demo
    o=Office(); e=example_edition(o)
    for style in ('gongwen','book'):
        try: call_command('explain_budget','--year','2016','--style',style,'--draft','--output',f'/tmp/gen_{style}.pdf')
        except SystemExit as x: print(x)
        s=read_text('a.pdf',open(f'/tmp/gen_{style}.pdf','rb').read())
        show(style, s.text)
