"""Decisions, approved heads, closed years, ceilings and printed names hold in the database."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

COMPARED = """
    UPDATE budget_edition own SET compared_with_id = (
        SELECT e.id FROM budget_edition e JOIN budget_plan p ON p.id = e.plan_id
            WHERE p.union_id = plan.union_id AND p.book = plan.book AND p.fiscal_year_id = plan.fiscal_year_id - 1
            AND e.status = 'approved' AND e.stage IN ('ratified', 'adjustment')
            ORDER BY e.id DESC LIMIT 1)
        FROM budget_plan plan WHERE plan.id = own.plan_id AND own.status NOT IN ('draft', 'returned');
    SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("budget", "0002_waiver_newest_edition"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="edition",
            name="identity_fixed",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="edition",
            name="moves_by_decision",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="edition",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="edition",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="edition",
            name="delete_delete",
        ),
        migrations.AddField(
            model_name="edition",
            name="compared_with",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="budget.edition",
                verbose_name="所比上年版本",
            ),
        ),
        migrations.AddField(
            model_name="editionevent",
            name="compared_with",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="budget.edition",
                verbose_name="所比上年版本",
            ),
        ),
        # Closed years refuse every change of an edition; this one column is filled in before that lock is made again.
        pgtrigger.migrations.RemoveTrigger(model_name="edition", name="closed_year_fixed"),
        migrations.RunSQL(COMPARED, migrations.RunSQL.noop),
        pgtrigger.migrations.AddTrigger(
            model_name="edition",
            trigger=pgtrigger.compiler.Trigger(
                name="closed_year_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    PERFORM 1 FROM budget_plan p JOIN budget_fiscalyear y ON y.year = p.fiscal_year_id\n                        WHERE p.id = NEW.plan_id AND y.closed_at IS NOT NULL;\n                    IF FOUND THEN\n                        RAISE EXCEPTION '该年度已关闭，不能再修改。'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_year_open';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="fbec98b08e479173d05e81f99fca130edc6bf39b",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_closed_year_fixed_56020",
                    table="budget_edition",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="adjustment",
            trigger=pgtrigger.compiler.Trigger(
                name="identity_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."item_id" IS DISTINCT FROM (NEW."item_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="e83d70ce3bddec6b0ab11fb44678822bf9cb88f6",
                    operation="UPDATE",
                    pgid="pgtrigger_identity_fixed_02ad9",
                    table="budget_adjustment",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="adjustment",
            trigger=pgtrigger.compiler.Trigger(
                name="after_ratification",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    PERFORM 1 FROM budget_item i JOIN budget_edition e ON e.id = i.edition_id\n                        WHERE i.id = NEW.item_id AND e.stage <> 'adjustment';\n                    IF FOUND THEN\n                        RAISE EXCEPTION '只有批复后的调剂版本可以登记调剂、追加、追减。'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_adjustment_after_ratification';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="fbc4c70e9a75ce6954c8eafbd2f09ae56bb5478f",
                    operation="INSERT",
                    pgid="pgtrigger_after_ratification_e35fa",
                    table="budget_adjustment",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="adjustment",
            trigger=pgtrigger.compiler.Trigger(
                name="item_covers",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    declare="DECLARE the_item BIGINT; left_over NUMERIC;",
                    func="\n                    IF TG_OP = 'DELETE' THEN the_item := OLD.item_id; ELSE the_item := NEW.item_id; END IF;\n                    SELECT COALESCE((SELECT SUM(l.amount) FROM budget_calcline l WHERE l.item_id = i.id), 0)\n                           + COALESCE((SELECT SUM(a.amount) FROM budget_adjustment a\n                                JOIN budget_item moved ON moved.id = a.item_id\n                                JOIN budget_edition since ON since.id = moved.edition_id\n                                WHERE moved.lineage = i.lineage AND since.plan_id = e.plan_id\n                                AND since.stage = e.stage AND since.sequence <= e.sequence), 0)\n                        INTO left_over\n                        FROM budget_item i JOIN budget_edition e ON e.id = i.edition_id WHERE i.id = the_item;\n                    IF left_over < 0 THEN\n                        RAISE EXCEPTION '项目调整后的金额不能小于 0。'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_adjustment_item_covers';\n                    END IF;\n                    RETURN NULL;\n                ",
                    hash="665c32b8c0faf3bc6b301572232e25b8b527915b",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_item_covers_bc3fa",
                    table="budget_adjustment",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="calcline",
            trigger=pgtrigger.compiler.Trigger(
                name="fixed_after_ratification",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE touched budget_calcline%ROWTYPE; own RECORD;",
                    func="\n    IF TG_OP = 'DELETE' THEN touched := OLD; ELSE touched := NEW; END IF;\n    SELECT e.stage, e.based_on_id, i.lineage INTO own\n        FROM budget_item i JOIN budget_edition e ON e.id = i.edition_id WHERE i.id = touched.item_id;\n    IF own.stage = 'adjustment' THEN\n        IF TG_OP = 'INSERT' THEN\n            PERFORM 1 FROM budget_calcline l JOIN budget_item i ON i.id = l.item_id\n                WHERE i.edition_id = own.based_on_id AND i.lineage = own.lineage\n                AND to_jsonb(l) - ARRAY['id', 'item_id', 'version', 'updated_by_id', 'updated_at', 'amount'] = to_jsonb(touched) - ARRAY['id', 'item_id', 'version', 'updated_by_id', 'updated_at', 'amount'];\n            IF FOUND THEN\n                RETURN NEW;\n            END IF;\n        END IF;\n        RAISE EXCEPTION '调剂版本不改测算，请用调剂、追加、追减登记变动。'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_calcline_fixed_after_ratification';\n    END IF;\n    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n    RETURN NEW;\n",
                    hash="0a83a5a70fa7cbf8a9bd88cbd5e956715bf7e6c8",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_fixed_after_ratification_f0845",
                    table="budget_calcline",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="classificationcode",
            trigger=pgtrigger.compiler.Trigger(
                name="printed_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."name" IS DISTINCT FROM (NEW."name"))',
                    func="\n            PERFORM 1 FROM budget_item i JOIN budget_edition e ON e.id = i.edition_id\n                WHERE e.status NOT IN ('draft', 'returned') AND OLD.id IN (i.function_code_id, i.department_economic_code_id, i.government_economic_code_id);\n            IF FOUND THEN\n                RAISE EXCEPTION '已提交的预算版本印有这一项，名称等内容不能再改；更正请另建一条。'\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_printed_fixed';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="96b93e5183b9ab5a016e1fbfe9ef4856bbcc6d76",
                    operation="UPDATE",
                    pgid="pgtrigger_printed_fixed_141b8",
                    table="budget_classificationcode",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="one_step_of_the_flow",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE own budget_edition%ROWTYPE; total NUMERIC;",
                    func="\n    SELECT * INTO own FROM budget_edition WHERE id = NEW.edition_id FOR NO KEY UPDATE;\n    PERFORM 1 FROM (VALUES ('submit', 'draft', 'submitted', NULL, False), ('submit', 'returned', 'submitted', NULL, False), ('withdraw', 'submitted', 'draft', NULL, False), ('check', 'submitted', 'checked', 'first_up', False), ('check', 'submitted', 'checked', 'second_up', False), ('check', 'submitted', 'checked', 'adjustment', False), ('check', 'submitted', 'approved', 'first_down', False), ('check', 'submitted', 'approved', 'ratified', False), ('return', 'submitted', 'returned', NULL, False), ('approve', 'checked', 'vice_approved', NULL, False), ('return', 'checked', 'returned', NULL, False), ('approve', 'vice_approved', 'approved', NULL, True), ('return', 'vice_approved', 'returned', NULL, False)) AS step (action, source, target, track, needs_minutes)\n        WHERE step.action = NEW.action AND step.source = NEW.from_status\n        AND step.target = NEW.to_status AND (step.track IS NULL OR step.track = own.stage)\n        AND (NEW.minutes_number <> '' OR NOT step.needs_minutes);\n    IF NOT FOUND OR NEW.from_status <> own.status THEN\n        RAISE EXCEPTION '这一步不在审批流程里，或缺少会议纪要文号。'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_decision_step_of_the_flow';\n    END IF;\n    PERFORM 1 FROM budget_decision d\n        WHERE d.edition_id = own.id AND d.id > COALESCE(own.last_decision_id, 0);\n    IF FOUND OR NEW.round <> own.round + (NEW.action = 'submit')::int THEN\n        RAISE EXCEPTION '审批记录的轮次与版本不符，或上一步还没有生效。'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_decision_round_of_the_edition';\n    END IF;\n    IF NEW.action = 'withdraw' AND NEW.actor_id <> own.submitted_by_id THEN\n        RAISE EXCEPTION '只有提交人可以撤回。'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_decision_withdrawn_by_submitter';\n    END IF;\n    SELECT COALESCE((SELECT SUM(l.amount) FROM budget_calcline l\n                JOIN budget_item i ON i.id = l.item_id WHERE i.edition_id = own.id), 0)\n           + COALESCE((SELECT SUM(a.amount) FROM budget_adjustment a\n                JOIN budget_item i ON i.id = a.item_id\n                JOIN budget_edition e ON e.id = i.edition_id\n                WHERE e.plan_id = own.plan_id AND e.stage = own.stage\n                AND e.sequence <= own.sequence AND i.lineage IN (\n                    SELECT lineage FROM budget_item WHERE edition_id = own.id)), 0)\n        INTO total;\n    IF NEW.total_amount <> total THEN\n        RAISE EXCEPTION '审批记录的合计与版本的合计不符。'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_decision_total_of_the_edition';\n    END IF;\n    RETURN NEW;\n",
                    hash="709d078fe0c1b841b57298806726da4792cceb9d",
                    operation="INSERT",
                    pgid="pgtrigger_one_step_of_the_flow_438b7",
                    table="budget_decision",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="takes_effect",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n                    PERFORM 1 FROM budget_edition e WHERE e.id = NEW.edition_id AND e.last_decision_id >= NEW.id;\n                    IF NOT FOUND THEN\n                        RAISE EXCEPTION '审批记录没有改变版本的状态。'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_decision_takes_effect';\n                    END IF;\n                    RETURN NULL;\n                ",
                    hash="f26b1a18044a51786abe3b62538382f39dcce4d0",
                    operation="INSERT",
                    pgid="pgtrigger_takes_effect_cd987",
                    table="budget_decision",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="edition",
            trigger=pgtrigger.compiler.Trigger(
                name="identity_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."stage" IS DISTINCT FROM (NEW."stage") OR OLD."sequence" IS DISTINCT FROM (NEW."sequence") OR OLD."based_on_id" IS DISTINCT FROM (NEW."based_on_id") OR OLD."created_by_id" IS DISTINCT FROM (NEW."created_by_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="19ef454ae2f8ff5771d74059ba7b233ef7edb2b6",
                    operation="UPDATE",
                    pgid="pgtrigger_identity_fixed_e4fd2",
                    table="budget_edition",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="edition",
            trigger=pgtrigger.compiler.Trigger(
                name="begins_as_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF NEW.status <> 'draft' OR NEW.round <> 0 OR NEW.minutes_number <> '' OR num_nonnulls(\n                        NEW.last_decision_id, NEW.submitted_by_id, NEW.submitted_at, NEW.approved_at,\n                        NEW.compared_with_id) > 0 THEN\n                        RAISE EXCEPTION '新的版本只能是草稿。'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_begins_as_draft';\n                    END IF;\n                    IF NEW.based_on_id IS NOT NULL THEN\n                        PERFORM 1 FROM budget_edition b\n                            WHERE b.id = NEW.based_on_id AND b.plan_id = NEW.plan_id AND b.status = 'approved';\n                        IF NOT FOUND THEN\n                            RAISE EXCEPTION '新的版本只能来自本预算已审定的版本。'\n                                USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_follows_approved';\n                        END IF;\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="a6502ab6a800e65c7c15f4e2d4fcd6bbf40e1c0f",
                    operation="INSERT",
                    pgid="pgtrigger_begins_as_draft_661ca",
                    table="budget_edition",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="edition",
            trigger=pgtrigger.compiler.Trigger(
                name="moves_by_decision",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."approved_at" IS DISTINCT FROM (NEW."approved_at") OR OLD."compared_with_id" IS DISTINCT FROM (NEW."compared_with_id") OR OLD."last_decision_id" IS DISTINCT FROM (NEW."last_decision_id") OR OLD."minutes_number" IS DISTINCT FROM (NEW."minutes_number") OR OLD."round" IS DISTINCT FROM (NEW."round") OR OLD."status" IS DISTINCT FROM (NEW."status") OR OLD."submitted_at" IS DISTINCT FROM (NEW."submitted_at") OR OLD."submitted_by_id" IS DISTINCT FROM (NEW."submitted_by_id"))',
                    declare="DECLARE decision budget_decision%ROWTYPE;",
                    func="\n                    SELECT * INTO decision FROM budget_decision WHERE id = NEW.last_decision_id;\n                    IF decision.id IS NULL OR decision.edition_id <> NEW.id OR OLD.status = NEW.status\n                       OR decision.from_status <> OLD.status OR decision.to_status <> NEW.status\n                       OR decision.id <= COALESCE(OLD.last_decision_id, 0) THEN\n                        RAISE EXCEPTION '状态只能通过审批改变，轮次、提交和审定的记录随之改变。'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_moves_by_decision';\n                    END IF;\n                    -- What is missing altogether is refused by the constraints of the table.\n                    IF NEW.round <> decision.round\n                       OR decision.action = 'submit' AND (\n                            NEW.submitted_by_id <> decision.actor_id OR NEW.submitted_at <> decision.at)\n                       OR decision.action <> 'submit' AND\n                            (NEW.submitted_by_id, NEW.submitted_at, NEW.compared_with_id) IS DISTINCT FROM\n                            (OLD.submitted_by_id, OLD.submitted_at, OLD.compared_with_id)\n                       OR NEW.status = 'approved' AND (\n                            NEW.approved_at <> decision.at\n                            OR NEW.minutes_number NOT IN ('', decision.minutes_number))\n                       OR NEW.status <> 'approved' AND\n                            (NEW.approved_at, NEW.minutes_number) IS DISTINCT FROM\n                            (OLD.approved_at, OLD.minutes_number) THEN\n                        RAISE EXCEPTION '轮次、提交和审定的记录必须与审批记录一致。'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_says_the_decision';\n                    END IF;\n                    IF decision.action = 'submit' AND NEW.compared_with_id IS NOT NULL THEN\n                        PERFORM 1 FROM budget_edition e\n                            JOIN budget_plan p ON p.id = e.plan_id JOIN budget_plan own ON own.id = NEW.plan_id\n                            WHERE e.id = NEW.compared_with_id AND e.status = 'approved'\n                            AND e.stage IN ('ratified', 'adjustment') AND p.union_id = own.union_id\n                            AND p.book = own.book AND p.fiscal_year_id = own.fiscal_year_id - 1;\n                        IF NOT FOUND THEN\n                            RAISE EXCEPTION '只能与上年同一预算的批复或调剂比较。'\n                                USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_edition_compared_with_last_year';\n                        END IF;\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="cb791db3b6cc9bfa24f6179d58a063c0c3465b56",
                    operation="UPDATE",
                    pgid="pgtrigger_moves_by_decision_835ec",
                    table="budget_edition",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="edition",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "budget_editionevent" ("approved_at", "based_on_id", "compared_with_id", "created_at", "created_by_id", "id", "last_decision_id", "minutes_number", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "round", "sequence", "stage", "status", "submitted_at", "submitted_by_id") VALUES (NEW."approved_at", NEW."based_on_id", NEW."compared_with_id", NEW."created_at", NEW."created_by_id", NEW."id", NEW."last_decision_id", NEW."minutes_number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."plan_id", NEW."round", NEW."sequence", NEW."stage", NEW."status", NEW."submitted_at", NEW."submitted_by_id"); RETURN NULL;',
                    hash="90e8d15b10dba8e0cc4f38b0ffd683818882c4f9",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_9eb04",
                    table="budget_edition",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="edition",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "budget_editionevent" ("approved_at", "based_on_id", "compared_with_id", "created_at", "created_by_id", "id", "last_decision_id", "minutes_number", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "round", "sequence", "stage", "status", "submitted_at", "submitted_by_id") VALUES (NEW."approved_at", NEW."based_on_id", NEW."compared_with_id", NEW."created_at", NEW."created_by_id", NEW."id", NEW."last_decision_id", NEW."minutes_number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."plan_id", NEW."round", NEW."sequence", NEW."stage", NEW."status", NEW."submitted_at", NEW."submitted_by_id"); RETURN NULL;',
                    hash="9c03f5d3bc51931c1a2da8ec6ab1184bd15185db",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_ba03c",
                    table="budget_edition",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="edition",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "budget_editionevent" ("approved_at", "based_on_id", "compared_with_id", "created_at", "created_by_id", "id", "last_decision_id", "minutes_number", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "round", "sequence", "stage", "status", "submitted_at", "submitted_by_id") VALUES (OLD."approved_at", OLD."based_on_id", OLD."compared_with_id", OLD."created_at", OLD."created_by_id", OLD."id", OLD."last_decision_id", OLD."minutes_number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."plan_id", OLD."round", OLD."sequence", OLD."stage", OLD."status", OLD."submitted_at", OLD."submitted_by_id"); RETURN NULL;',
                    hash="aeaa7b4ed9d95f8677f65befe50f70425802f06d",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_fa377",
                    table="budget_edition",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fiscalyear",
            trigger=pgtrigger.compiler.Trigger(
                name="identity_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."year" IS DISTINCT FROM (NEW."year"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="29097d9771c7d92e15a2958479f0c0639ce2de65",
                    operation="UPDATE",
                    pgid="pgtrigger_identity_fixed_0d596",
                    table="budget_fiscalyear",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fiscalyear",
            trigger=pgtrigger.compiler.Trigger(
                name="closed_for_good",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."closed_at" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="6e4209831cb49caaf559b604bd3acfab018ae731",
                    operation="UPDATE",
                    pgid="pgtrigger_closed_for_good_33ef4",
                    table="budget_fiscalyear",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fiscalyear",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="3e7633b8f2b88f25f8c9a28d17824b22b691060c",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_e3619",
                    table="budget_fiscalyear",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fundingsource",
            trigger=pgtrigger.compiler.Trigger(
                name="printed_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."ordinal" IS DISTINCT FROM (NEW."ordinal"))',
                    func="\n            PERFORM 1 FROM budget_item i JOIN budget_edition e ON e.id = i.edition_id\n                WHERE e.status NOT IN ('draft', 'returned') AND i.funding_source_id = OLD.id;\n            IF FOUND THEN\n                RAISE EXCEPTION '已提交的预算版本印有这一项，名称等内容不能再改；更正请另建一条。'\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_printed_fixed';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="1d3f748e44b84d879ae29d7251e64773e900c59f",
                    operation="UPDATE",
                    pgid="pgtrigger_printed_fixed_11018",
                    table="budget_fundingsource",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="gridchange",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."edition_id" IS DISTINCT FROM (NEW."edition_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."summary" IS DISTINCT FROM (NEW."summary") OR OLD."changes" IS DISTINCT FROM (NEW."changes") OR OLD."actor_id" IS DISTINCT FROM (NEW."actor_id") OR OLD."at" IS DISTINCT FROM (NEW."at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="4d6710e85287cd2612342cfbd7d3e8555fb72248",
                    operation="UPDATE",
                    pgid="pgtrigger_append_only_a863c",
                    table="budget_gridchange",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="gridchange",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="69f7d29412dad1a6da6f21e09a776a5fbfc573d3",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_f141d",
                    table="budget_gridchange",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="gridchange",
            trigger=pgtrigger.compiler.Trigger(
                name="undone_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."undone_at" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="1aa4d923e9747ff93bf56635670f1351db276978",
                    operation="UPDATE",
                    pgid="pgtrigger_undone_once_7b3f9",
                    table="budget_gridchange",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="importfile",
            trigger=pgtrigger.compiler.Trigger(
                name="file_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."edition_id" IS DISTINCT FROM (NEW."edition_id") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."sha256" IS DISTINCT FROM (NEW."sha256") OR OLD."content" IS DISTINCT FROM (NEW."content") OR OLD."uploaded_by_id" IS DISTINCT FROM (NEW."uploaded_by_id") OR OLD."uploaded_at" IS DISTINCT FROM (NEW."uploaded_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="bf43ee9299282dce0248c29b7f9b8be12ef7edf8",
                    operation="UPDATE",
                    pgid="pgtrigger_file_fixed_9d2ea",
                    table="budget_importfile",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="importfile",
            trigger=pgtrigger.compiler.Trigger(
                name="kept_once_taken",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."taken_at" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="e8446b3c3ca084856c56ba3e3e511c0f665ac2dd",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_kept_once_taken_8dbc3",
                    table="budget_importfile",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="item",
            trigger=pgtrigger.compiler.Trigger(
                name="control_handed_down",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE own budget_edition%ROWTYPE; handed_down NUMERIC;",
                    func="\n                    IF TG_OP = 'UPDATE' THEN\n                        IF NEW.control_amount IS NOT DISTINCT FROM OLD.control_amount THEN\n                            RETURN NEW;\n                        END IF;\n                    END IF;\n                    SELECT * INTO own FROM budget_edition WHERE id = NEW.edition_id;\n                    IF own.stage <> 'first_down' THEN\n                        SELECT control_amount INTO handed_down FROM budget_item\n                            WHERE edition_id = own.based_on_id AND lineage = NEW.lineage;\n                        IF NEW.control_amount IS DISTINCT FROM handed_down THEN\n                            RAISE EXCEPTION '控制数由财政在一下下达，只在一下版本登记。'\n                                USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_item_control_handed_down';\n                        END IF;\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="64dfc0202dcb4c0e7bf58b2f6a72074f0b7d2f62",
                    operation='INSERT OR UPDATE OF "control_amount"',
                    pgid="pgtrigger_control_handed_down_3493d",
                    table="budget_item",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="itemgroup",
            trigger=pgtrigger.compiler.Trigger(
                name="printed_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."ordinal" IS DISTINCT FROM (NEW."ordinal"))',
                    func="\n            PERFORM 1 FROM budget_item i JOIN budget_edition e ON e.id = i.edition_id\n                WHERE e.status NOT IN ('draft', 'returned') AND i.group_id = OLD.id;\n            IF FOUND THEN\n                RAISE EXCEPTION '已提交的预算版本印有这一项，名称等内容不能再改；更正请另建一条。'\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_printed_fixed';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="098dc0d56d2c168436a09622c201e926bd5c2e8a",
                    operation="UPDATE",
                    pgid="pgtrigger_printed_fixed_8ede3",
                    table="budget_itemgroup",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="policydocument",
            trigger=pgtrigger.compiler.Trigger(
                name="printed_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."issued_on" IS DISTINCT FROM (NEW."issued_on") OR OLD."issuer" IS DISTINCT FROM (NEW."issuer") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."title" IS DISTINCT FROM (NEW."title"))',
                    func="\n            PERFORM 1 FROM budget_item i JOIN budget_edition e ON e.id = i.edition_id\n                WHERE e.status NOT IN ('draft', 'returned') AND i.id IN (SELECT item_id FROM budget_itembasis WHERE document_id = OLD.id);\n            IF FOUND THEN\n                RAISE EXCEPTION '已提交的预算版本印有这一项，名称等内容不能再改；更正请另建一条。'\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_printed_fixed';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="5d54f2618f68493ff55111dfb1f89cd8cdb480d3",
                    operation="UPDATE",
                    pgid="pgtrigger_printed_fixed_51670",
                    table="budget_policydocument",
                    when="BEFORE",
                ),
            ),
        ),
    ]
