"""Counted clicks name their member as rollups of sales do: reports join from there. The column stays as it is."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0026_speed'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(model_name='clickday', name='click_day_by_offer'),
                migrations.RenameField(model_name='clickday', old_name='member_id', new_name='member'),
                migrations.AlterField(
                    model_name='clickday',
                    name='member',
                    field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.member'),
                ),
                migrations.AddIndex(
                    model_name='clickday',
                    index=models.Index(fields=['offer_id', 'day', 'member'], name='click_day_by_offer'),
                ),
            ],
        ),
    ]
