from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0003_fewer_indexes'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(condition=models.Q(('state__in', ['finished', 'stopped'])), fields=['finished_at'], name='campaign_ended'),
        ),
    ]
