"""Stage moves with their members, what brought a member into a stage, and the list an offer was chosen from."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('offerwell', '0015_messages'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='placement',
            name='placement_by_name',
        ),
        migrations.AddField(
            model_name='placement',
            name='entered_move_id',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='placement',
            name='is_skipped',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='storedselection',
            name='chooser',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.CreateModel(
            name='StageMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('added', 'Added to the project'), ('moved', 'Moved'), ('skipped', 'Skipped'), ('removed', 'Removed from the project'), ('stage_deleted', 'Moved: the stage was deleted')], max_length=16)),
                ('from_name', models.CharField(blank=True, max_length=80)),
                ('to_name', models.CharField(blank=True, max_length=80)),
                ('members', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('actor_name', models.CharField(max_length=160)),
                ('door', models.CharField(max_length=16)),
                ('key', models.CharField(blank=True, max_length=80)),
                ('body_hash', models.CharField(blank=True, max_length=64)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('from_stage', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='offerwell.stage')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='offerwell.project')),
                ('to_stage', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='offerwell.stage')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='StageMoveItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stage_moves', to='offerwell.member')),
                ('move', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='offerwell.stagemove')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='offerwell.workspace')),
            ],
        ),
        migrations.AddConstraint(
            model_name='stagemove',
            constraint=models.UniqueConstraint(condition=models.Q(('key', ''), _negated=True), fields=('workspace', 'key'), name='stage_move_once'),
        ),
        migrations.AddConstraint(
            model_name='stagemoveitem',
            constraint=models.UniqueConstraint(fields=('move', 'member'), name='stage_move_item_once'),
        ),
        migrations.AddIndex(
            model_name='placement',
            index=models.Index(fields=['workspace', 'stage', 'name_key', 'id'], name='placement_in_stage'),
        ),
    ]
