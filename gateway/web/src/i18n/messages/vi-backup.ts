import type { CatalogueOf } from "../catalogue.ts";
import type { enBackup } from "./en-backup.ts";

export const viBackup: CatalogueOf<typeof enBackup> = {
  "backup.title": "Sao lưu",
  "backup.lead":
    "Một tệp đã mã hóa với mọi thứ mà gateway khác cần để thay thế gateway này. Khôi phục bằng `tram restore`.",
  "backup.passphrase": "Cụm mật khẩu",
  "backup.again": "Nhập lại",
  "backup.hint": "Ít nhất 12 ký tự. Không có nó thì không ai mở được tệp, và không ai giúp được.",
  "backup.short": { other: "Dùng ít nhất {count} ký tự." },
  "backup.different": "Hai lần nhập không giống nhau.",
  "backup.history": "Kèm lịch sử",
  "backup.take": "Tải bản sao lưu",
  "backup.taking": "Đang tạo bản sao lưu…",
  "backup.taken": "Đã tải {name}. Hãy cất tệp ở nơi khác với gateway này.",
  "backup.supportLead":
    "Dành cho người hỗ trợ: trạng thái, cấu hình, quy tắc và nhật ký, đã bỏ bí mật và vị trí. Hãy xem qua trước khi gửi đi.",
  "backup.support": "Tải gói hỗ trợ",
  "backup.supportTaken": "Đã tải {name}.",
};
