import type { IncomingHttpHeaders } from "node:http";
import { PRODUCT } from "@tram/protocol";
import { problemReply, type Reply } from "../http/reply.ts";
import type { ProblemReply } from "../http/route.ts";

/** What a person reads instead of the editor, in the languages of the web UI. */
const TEXTS: Readonly<Record<string, readonly [title: string, text: string, lang: string][]>> = {
  starting: [
    ["Node-RED is starting", "This page looks again by itself.", "en"],
    ["Node-RED đang khởi động", "Trang này sẽ tự thử lại.", "vi"],
  ],
  unavailable: [
    ["Node-RED does not run", "It is tried again by itself; see System.", "en"],
    ["Node-RED không chạy", "Gateway sẽ tự thử lại; xem mục Hệ thống.", "vi"],
  ],
  "sign-in-needed": [
    ["Sign in first", "Node-RED is for administrators of this gateway.", "en"],
    ["Hãy đăng nhập trước", "Node-RED dành cho quản trị viên của gateway này.", "vi"],
  ],
  other: [
    ["Not allowed", "Node-RED is for administrators of this gateway.", "en"],
    ["Không được phép", "Node-RED dành cho quản trị viên của gateway này.", "vi"],
  ],
};

/** Answers a browser's navigation with a page, and programs with a problem document. */
export function refusal(problem: ProblemReply, headers: IncomingHttpHeaders): Reply {
  const reply = problemReply(problem);
  if (!/\btext\/html\b/.test(headers.accept ?? "")) return reply;
  const refresh = problem.status === 503 ? '<meta http-equiv="refresh" content="3">' : "";
  const texts = (TEXTS[problem.code] ?? TEXTS.other ?? []).map(
    ([title, text, lang]) => `<section lang="${lang}"><h1>${title}</h1><p>${text}</p></section>`,
  );
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
${refresh}<title>Node-RED</title>${texts.join("")}<p lang="en">${escapeHtml(problem.detail ?? "")}</p>
<p><a href="/">${PRODUCT.title}</a></p></html>\n`;
  return { ...reply, headers: { ...reply.headers, "Content-Type": "text/html; charset=utf-8" }, body };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
