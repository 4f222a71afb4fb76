from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("leads", "0006_search_segments_bulk"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="sheet",
            field=models.CharField(blank=True, help_text="Which sheet of a workbook.", max_length=200),
        ),
        migrations.AddField(
            model_name="import",
            name="sheets",
            field=models.JSONField(default=list, help_text="The names of a workbook's sheets that hold anything."),
        ),
    ]
