"""The description of the service: OpenAPI, and a page to read and try it that needs no outside network."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles

from api import problems
from api.incidents import CHAPTERS

ASSETS = "/docs/assets"
DESCRIPTION = """\
基层治理案件引擎：一个案件从反映到归档，每一步都是案卷里的一行，改不掉，也看得懂。

- **办事**：`POST /api/v1/incidents` 反映一件事；`POST /api/v1/incidents/{incident_id}/{命令}` 办下一步。\
正文就是命令本身，答复是回执：编号、版本、位置。
- **幂等**：每件事带一个新的 `Idempotency-Key`；网络断了原样重发，得到同一张回执，不会办两次。\
答 `changed: false` 的没有写下任何东西，那个键也没有用掉：再用它，就按那时的案情重新判断。
- **版本**：撤回、并案、派遣、上报、结案、重办、归档和各项审批须带 `If-Match`；\
案件已有新进展时答 412，并说明其间的变化。
- **查阅**：案卷和经过可以看现在的，也可以看任何一版、任何一刻的；\
台账和统计带 `after`（回执里的位置）就包含自己刚办的事。
- **出错**：一律是 RFC 9457 的 `application/problem+json`：`code` 固定，`detail` 说该怎么办；\
依规不能办的答 409，带规则编号。
"""
PAGE_POLICY = "default-src 'self' 'unsafe-inline'; img-src 'self' data:"
TAGS = [{"name": chapter, "description": f"{chapter}的命令"} for chapter in CHAPTERS] + [
    {"name": "案卷", "description": "一个案件的案卷和经过"},
    {"name": "台账与统计", "description": "所负责范围内的案件、工作量和响应时间"},
    {"name": "月报", "description": "一处辖区一个月的各项数字，可打印，可导出"},
    {"name": "导出", "description": "全部事件，写成 OCEL、XES，给别的软件分析"},
    {"name": "时限表与日历", "description": "各版时限表和工作日历"},
    {"name": "辖区", "description": "五级辖区、工作人员、单位、楼栋长，及其调整"},
    {"name": "疑似重复", "description": "可能说的是同一件事的在办案件；只列出，不并案"},
    {"name": "值班", "description": "值班表：谁在何时值守哪里"},
    {"name": "走访", "description": "住户名册：五类重点对象每月必访，每户每年走访到"},
    {"name": "双报到", "description": "双报到名册：在职党员、结对单位向社区报到，和所做的服务"},
    {"name": "封存与验证", "description": "封存的日志：检查点、哈希块、公钥和证明，供监督的一方核对"},
    {"name": "查阅留痕", "description": "写明用途查阅敏感信息；谁看过、为什么，审计和本人查得到"},
    {"name": "材料文件", "description": "照片和 PDF：加密存放，校验值记入案卷；照片的原件须写明用途才能取用"},
    {"name": "规则", "description": "规则编号和说法"},
    {"name": "运行", "description": "给运行维护的人"},
]


class DescribedAPI(FastAPI):
    """FastAPI, with what all problems share."""

    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        if "examples" not in described["components"]:
            for part, entries in problems.components().items():
                described["components"].setdefault(part, {}).update(entries)
        return described


def install(app: FastAPI) -> None:
    """Serve the page at /docs from files that came with the environment."""
    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        page = get_swagger_ui_html(
            openapi_url=str(app.openapi_url),
            title=f"{app.title} · 接口说明",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
            swagger_ui_parameters={"validatorUrl": None, "docExpansion": "none"},
        )
        page.headers["Content-Security-Policy"] = PAGE_POLICY
        return page
