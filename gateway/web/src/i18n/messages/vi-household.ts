import type { CatalogueOf } from "../catalogue.ts";
import type { enHousehold } from "./en-household.ts";

export const viHousehold: CatalogueOf<typeof enHousehold> = {
  "household.title": "Cài đặt của {thing}",
  "household.name": "Tên",
  "household.nameHint": "Để trống: dùng tên do thiết bị tự đặt.",
  "household.area": "Khu vực",
  "household.noArea": "chưa thuộc khu vực nào",
  "household.newArea": "khu vực mới…",
  "household.newAreaName": "Tên khu vực mới",
  "household.tags": "Nhãn",
  "household.tagsHint": "Các từ gồm a-z, 0-9 và -, cách nhau bằng dấu phẩy.",
  "household.notes": "Ghi chú",
  "household.save": "Lưu",
  "household.saving": "Đang lưu…",
  "household.failed": "Chưa lưu được: {problem}",
  "household.replace": "Thiết bị này thay cho một thiết bị khác",
  "household.replaceHint":
    "Giá trị của nó sẽ là của thiết bị bạn chọn; thiết bị đó giữ nguyên tên, lịch sử và các quy tắc.",
  "household.replaceWhich": "Thiết bị hỏng",
  "household.replaceChoose": "Chọn…",
  "household.replaceDo": "Thay thế",
  "household.forget": "Quên thiết bị này",
  "household.forgetSure": "Quên {thing} cùng các cài đặt của nó?",
};
