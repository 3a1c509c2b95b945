const NO_WAY = "Xem lại dây mạng, SIM và tường lửa; nơi chỉ cho ra cổng 443 thì dùng cổng 443.";

/**
 * What to do when a step of a check fails, by its code, `at <step>`, or both, with the provider
 * before where its cloud has advice of its own. English is what the gateway itself says.
 */
export const viAdvice: Readonly<Record<string, string>> = {
  "own-pair": "Hãy đưa đúng chứng chỉ và khóa được tạo cùng nhau.",
  "own-time": "Trước hết xem lại đồng hồ; sau đó cấp cho gateway một chứng chỉ mới.",
  "own-pem": "Hãy cấp cho gateway một chứng chỉ mới.",
  "at clock": "Hãy để NTP đặt giờ; chứng chỉ bị từ chối vì thời gian có thể vẫn là chứng chỉ tốt.",
  "at publish": "Quyền của người dùng này phải cho phép gửi vào topic này.",
  "timeout at mqtt": "Xem lại cổng: bên đó không trả lời MQTT.",
  dns: "Xem lại cách viết địa chỉ, và gateway có Internet hay không.",
  unreachable: NO_WAY,
  timeout: NO_WAY,
  tls: "Xem lại cổng: bên đó nói một giao thức khác.",
  "tls-authority":
    "Hãy đưa chứng chỉ của tổ chức cấp cho đám mây này vào ô “Tổ chức cấp chứng chỉ”. Nếu đã đúng thì có kẻ đứng giữa đọc trộm.",
  "tls-host":
    "Xem lại cách viết địa chỉ; hoặc một trang đăng nhập của mạng đang trả lời thay đám mây: hãy đăng nhập ở đó.",
  "tls-expired": "Hãy đặt lại đồng hồ của gateway; nếu đồng hồ đúng thì phía đám mây phải gia hạn chứng chỉ.",
  "tls-early": "Hãy đặt lại đồng hồ của gateway: theo đồng hồ này thì chứng chỉ chưa có hiệu lực.",
  "tls-client":
    "Đám mây không biết chứng chỉ của ta: chứng chỉ thuộc tài khoản hoặc vùng khác, đã bị xóa, hoặc đã hết hạn.",
  "tls-files": "Chứng chỉ và khóa không đi với nhau, hoặc không phải là PEM.",
  credentials: "Xem lại tên người dùng và mật khẩu, và client id này có được phép kết nối không.",
  refused: "Xem lại client id và quyền của người dùng này.",
  protocol: "Bên đó không phải là máy chủ MQTT, hoặc không có đủ những gì cần dùng.",
  "aws-iot at publish": "Policy của chứng chỉ phải cho phép iot:Publish với topic này.",
  "aws-iot credentials":
    "Trong bảng điều khiển AWS IoT: chứng chỉ có đang hoạt động không, và policy có cho phép iot:Connect với client id này không?",
  "aws-iot refused":
    "Trong bảng điều khiển AWS IoT: chứng chỉ có đang hoạt động không, và policy có cho phép iot:Connect và iot:Subscribe không?",
  "aws-iot tls-client":
    "Trong bảng điều khiển AWS IoT: chứng chỉ có thuộc tài khoản và vùng này không, và có đang hoạt động không?",
  "aws-iot tls-authority":
    "Chứng chỉ của AWS IoT do Amazon Root CA 1 cấp: hãy đưa nó vào ô “Tổ chức cấp chứng chỉ”, hoặc để trống ô đó.",
  "aws-iot template": "Xem lại tên và tham số của template, cùng policy của claim.",
};
