"""Rules and tiers of payout options, and what clicks earned in the ledger."""

import django.db.models.deletion
from django.db import migrations, models


RULES, LEDGER = 'offerwell_payoutrules', 'offerwell_ledgerentry'


def guard(_apps, editor):
    """Refuse UPDATE and DELETE of rules. SQLite lost the ledger's triggers when its table was made anew."""
    if editor.connection.vendor == 'sqlite':
        for table in (RULES, LEDGER):
            for verb in ('update', 'delete'):
                editor.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb} ON {table} BEGIN"
                    f" SELECT RAISE(ABORT, '{table} is append-only'); END",
                    params=None,
                )
    else:
        editor.execute(
            f"CREATE TRIGGER {RULES}_append_only BEFORE UPDATE OR DELETE ON {RULES}"
            " FOR EACH STATEMENT EXECUTE FUNCTION offerwell_append_only()",
            params=None,
        )


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0023_reports'),
    ]

    operations = [
        migrations.CreateModel(
            name='PayoutRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_at', models.DateTimeField()),
                ('rules', models.JSONField(default=list)),
                ('tiers', models.JSONField(default=dict)),
            ],
        ),
        migrations.AddField(
            model_name='clickday',
            name='posted_uniques',
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='conversion',
            name='tier',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='click_day',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='offerwell.clickday'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='order',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='offerwell.order'),
        ),
        migrations.AddIndex(
            model_name='clickday',
            index=models.Index(condition=models.Q(('uniques', models.F('posted_uniques')), _negated=True), fields=['id'], name='click_day_due'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(condition=models.Q(('click_day__isnull', False)), fields=('click_day', 'seq', 'account'), name='ledger_click_entry_once'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('click_day__isnull', False), ('order__isnull', True)), models.Q(('click_day__isnull', True), ('order__isnull', False)), _connector='OR'), name='ledger_entry_source'),
        ),
        migrations.AddField(
            model_name='payoutrules',
            name='option',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='rule_sets', to='offerwell.payoutoption'),
        ),
        migrations.AddField(
            model_name='payoutrules',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace'),
        ),
        migrations.AddField(
            model_name='conversion',
            name='rules',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.payoutrules'),
        ),
        migrations.AddIndex(
            model_name='payoutrules',
            index=models.Index(fields=['option', 'id'], name='payout_rules_by_option'),
        ),
        migrations.RunPython(guard, elidable=False),
    ]
