"""Clicks of members by month, filled from those of days; indexes of members that carry their sums."""

import django.db.models.deletion
from django.db import migrations, models


MONTHS = {"sqlite": "strftime('%%Y-%%m-01', day)", "postgresql": "date_trunc('month', day)::date"}


def fill(apps, schema_editor):
    month = MONTHS[schema_editor.connection.vendor]
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO offerwell_memberclickmonth"
            " (workspace_id, day, offer_id, member_id, clicks, uniques, repeats, bots, rescued)"
            f" SELECT workspace_id, {month} AS month, offer_id, member_id, sum(clicks), sum(uniques), sum(repeats),"
            " sum(bots), sum(rescued) FROM offerwell_clickday GROUP BY workspace_id, month, offer_id, member_id", []
        )


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0028_approving'),
    ]

    operations = [
        migrations.CreateModel(
            name='MemberClickMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('clicks', models.BigIntegerField(default=0)),
                ('uniques', models.BigIntegerField(default=0)),
                ('repeats', models.BigIntegerField(default=0)),
                ('bots', models.BigIntegerField(default=0)),
                ('rescued', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='clickday',
            name='click_day_by_offer',
        ),
        migrations.RemoveIndex(
            model_name='membersalesday',
            name='member_sales_by_offer',
        ),
        migrations.AddIndex(
            model_name='clickday',
            index=models.Index(fields=['offer_id', 'day', 'member', 'workspace', 'clicks'], name='click_day_of_offer'),
        ),
        migrations.AddIndex(
            model_name='clickday',
            index=models.Index(fields=['member', 'day', 'offer_id', 'workspace', 'clicks', 'uniques', 'rescued', 'bots'], name='click_day_of_member'),
        ),
        migrations.AddIndex(
            model_name='membersalesday',
            index=models.Index(fields=['offer', 'day', 'member', 'workspace', 'currency', 'orders', 'sales', 'commission'], name='member_sales_of_offer'),
        ),
        migrations.AddIndex(
            model_name='membersalesday',
            index=models.Index(fields=['member', 'day', 'offer', 'workspace', 'currency', 'orders', 'sales', 'commission'], name='member_sales_of_member'),
        ),
        migrations.AddField(
            model_name='memberclickmonth',
            name='member',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.member'),
        ),
        migrations.AddField(
            model_name='memberclickmonth',
            name='offer',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.offer'),
        ),
        migrations.AddField(
            model_name='memberclickmonth',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace'),
        ),
        migrations.AddIndex(
            model_name='memberclickmonth',
            index=models.Index(fields=['member', 'day', 'offer', 'workspace', 'clicks', 'uniques', 'rescued', 'bots'], name='member_clicks_of_member'),
        ),
        migrations.AddConstraint(
            model_name='memberclickmonth',
            constraint=models.UniqueConstraint(fields=('workspace', 'offer', 'day', 'member'), name='member_click_month_once'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
