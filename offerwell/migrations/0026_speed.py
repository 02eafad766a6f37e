"""The rollups of the whole programme, filled from those of offers; indexes of offers that carry their sums."""

import django.db.models.deletion
from django.db import migrations, models


FILL = (
    "INSERT INTO offerwell_programmesalesday (workspace_id, day, currency, orders, sales, commission)"
    " SELECT workspace_id, day, currency, sum(orders), sum(sales), sum(commission)"
    " FROM offerwell_offersalesday GROUP BY workspace_id, day, currency",
    "INSERT INTO offerwell_programmeclickday (workspace_id, day, clicks, uniques, repeats, bots, rescued)"
    " SELECT workspace_id, day, sum(clicks), sum(uniques), sum(repeats), sum(bots), sum(rescued)"
    " FROM offerwell_offerclickday GROUP BY workspace_id, day",
)


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0025_radar'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProgrammeClickDay',
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
        migrations.CreateModel(
            name='ProgrammeSalesDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('orders', models.BigIntegerField(default=0)),
                ('sales', models.BigIntegerField(default=0)),
                ('commission', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='offerclickday',
            name='offer_clicks_by_offer',
        ),
        migrations.RemoveIndex(
            model_name='offersalesday',
            name='offer_sales_by_offer',
        ),
        migrations.RemoveIndex(
            model_name='offersalesday',
            name='offer_sales_commission',
        ),
        migrations.AddIndex(
            model_name='offerclickday',
            index=models.Index(fields=['offer', 'day', 'workspace', 'clicks', 'uniques', 'rescued', 'bots'], name='offer_clicks_of_offer'),
        ),
        migrations.AddIndex(
            model_name='offersalesday',
            index=models.Index(fields=['offer', 'day', 'workspace', 'currency', 'orders', 'sales', 'commission'], name='offer_sales_of_offer'),
        ),
        migrations.AddField(
            model_name='programmeclickday',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace'),
        ),
        migrations.AddField(
            model_name='programmesalesday',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace'),
        ),
        migrations.AddConstraint(
            model_name='programmeclickday',
            constraint=models.UniqueConstraint(fields=('workspace', 'day'), name='programme_click_day_once'),
        ),
        migrations.AddConstraint(
            model_name='programmesalesday',
            constraint=models.UniqueConstraint(fields=('workspace', 'day', 'currency'), name='programme_sales_day_once'),
        ),
        *(migrations.RunSQL(one, migrations.RunSQL.noop) for one in FILL),
    ]
