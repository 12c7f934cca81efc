"""The built-in texts in Chinese. How they are written down is said in daemon/texts/built_in.py."""

FACTS = """
{% set over = not notice.firing %}
{% set all = notice.firing + notice.resolved %}
{% set bad = alert.severity | severity %}
{% set mark %}
    {% if notice.reason == 'test' %}测试
    {% elif notice.reason == 'digest' %}告警汇总
    {% elif notice.reason == 'flapping' %}{{ bad }}，反复抖动
    {% elif over %}已恢复
    {% elif notice.reason == 'worse' %}升级为{{ bad }}
    {% elif notice.reason == 'repeat' %}{{ bad }}，已持续{{ lasted | duration }}
    {% elif notice.reason == 'escalated' %}{{ bad }}，无人确认
    {% elif notice.reason == 'ack_ending' %}{{ bad }}，确认即将到期
    {% elif notice.reason == 'ack_ended' %}{{ bad }}，确认已到期
    {% else %}{{ bad }}
    {% endif %}
{% endset %}
{% set counts %}
    {% if notice.reason == 'digest' %}
        {% if notice.note %}{{ notice.note | duration }}内{% endif %}共{{ all }}条告警
    {% elif over %}共{{ all }}条
    {% else %}{{ notice.firing }}条告警{% if notice.resolved %}，{{ notice.resolved }}条已恢复{% endif %}
    {% endif %}
{% endset %}
{% set code %}{% if alert.id %}（{{ alert.code }}）{% endif %}{% endset %}
{% set belated %}
    {% if late %}，延迟{{ late | duration }}送达{% endif %}
    {% if message.repeat %}，可能重复{% endif %}
{% endset %}
"""

LINE = """
[{{ mark }}]␣
{% if notice.reason == 'digest' %}{{ counts }}，
    {% if over %}均已恢复，{% elif notice.resolved %}{{ notice.firing }}条未恢复，{% endif %}最严重：[{{ bad }}]␣
{% elif all > 1 %}{{ counts }}{% for name, value in notice.group.items() %}
    {{ '（' if loop.first else '，' }}{{ name | fit(40) }}={{ value | fit(60) }}{{ '）' if loop.last }}{% endfor %}：
{% endif %}
{{ alert.title | fit(150) }}{{ code }}
{% if over and notice.reason not in ['test', 'digest', 'flapping'] %}，持续{{ lasted | duration }}{% endif %}
{{ belated }}
"""

SHORT = """
{% set head %}
    [{{ mark }}]␣
    {% if notice.reason == 'digest' %}{{ counts }}，最严重：[{{ bad }}]␣
    {% elif all > 1 and (over or notice.reason == 'some_resolved') %}{{ counts }}：
    {% elif all > 1 %}{{ notice.firing }}条告警：
    {% endif %}
{% endset %}
{% set tail %}
    {{ code }}
    {% if notice.reason in ['test', 'digest', 'repeat'] %}
    {% elif over %}{% if notice.reason != 'flapping' %}，持续{{ lasted | duration }}{% endif %}
    {% elif not late %}，{{ since | time }}起{% endif %}
    {{ belated }}
{% endset %}
{{ head }}{{ alert.title | fit([70 - head | length - tail | length, 12] | max) }}{{ tail }}
"""

BODY = """
⟦{{ headline | ESCAPED }}⟧¶
{% if alert.text and alert.text != alert.title %}{{ alert.text | cut(4000) | ESCAPED }}¶{% endif %}
{% if notice.reason != 'test' %}
    开始时间：{{ since | time(true) }}
    {% if over %}¶恢复时间：{{ until | time(true) }}
    {% elif lasted >= 60 %}，已持续{{ lasted | duration }}{% endif %}¶
{% endif %}
{% if notice.reason == 'new_member' %}有新增告警。¶
{% elif notice.reason == 'worse' %}告警级别升高。¶
{% elif notice.reason == 'some_resolved' %}部分告警已恢复。¶
{% elif notice.reason == 'repeat' %}状态没有变化，再次提醒。¶
{% elif notice.reason == 'escalated' %}一直无人确认，升级通知。¶
{% elif notice.reason == 'ack_ending' %}确认即将到期，问题尚未恢复。¶
{% elif notice.reason == 'ack_ended' %}确认已到期，问题尚未恢复。¶
{% elif notice.reason == 'flapping' %}告警反复触发和恢复，稳定之前不再通知。¶
{% elif notice.reason == 'digest' %}短时间内告警较多，合并为一条发送。¶
{% endif %}
{% if notice.note and notice.reason != 'digest' %}{{ notice.note | cut(1000) | ESCAPED }}¶{% endif %}
{% if all > 1 %}
    {% for one in alerts[:20] %}
        - [{% if one.state == 'resolved' %}已恢复{% else %}{{ one.severity | severity }}{% endif %}]␣
        {{ one.code }} {{ one.title | fit(150) | ESCAPED }}，
        {% if one.state == 'resolved' %}持续{{ ((one.ended_at or one.last_seen) - one.started_at) | duration }}
        {% else %}{{ one.started_at | time }}起{% endif %}¶
    {% endfor %}
    {% set left = all - alerts[:20] | length %}
    {% if left %}另有{{ left }}条¶{% endif %}
{% endif %}
{% for name, value in (labels | dictsort)[:40] %}
    {{ name | fit(60) | ESCAPED }}：{{ value | fit(200) | ESCAPED }}¶
{% endfor %}
{% for name, url in (links.items() | list)[:8] %}LINKED¶{% endfor %}
"""

LAST_RESORT = "[%s] %s（%s）"
