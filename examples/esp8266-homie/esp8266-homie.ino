// A relay that claims its own credential from the gateway and speaks Homie 5. See README.md.
#include <ESP8266WiFi.h>
#include <LittleFS.h>
#include <PubSubClient.h>

const char* WIFI_NAME = "my-wifi";
const char* WIFI_PASSWORD = "my-wifi-password";
const char* GATEWAY = "192.168.1.1";
const uint8_t RELAY = 5, FORGET = 0;  // GPIO5 (D1), and the FLASH button
const char* DESCRIPTION = R"({"homie":"5.0","version":1,"name":"Relay","nodes":{"relay":{"properties":{"on":{"datatype":"boolean","settable":true}}}}})";

WiFiClient net;
PubSubClient mqtt(net);
String id, password, reply;

String topic(const char* path) { return "homie/5/" + id + "/" + path; }
void say(const char* path, const char* text) { mqtt.publish(topic(path).c_str(), text, true); }

void onMessage(char* name, byte* payload, unsigned int length) {
  String text;
  for (unsigned int at = 0; at < length; at++) text += (char)payload[at];
  if (String(name) == "tram/1/pair/reply") reply = text;
  if (String(name) != topic("relay/on/set")) return;
  digitalWrite(RELAY, text == "true" ? HIGH : LOW);
  say("relay/on", text == "true" ? "true" : "false");
}

// Asks for a credential with the code that `tram pair` prints, and keeps it: it is told once.
void claim() {
  Serial.println("Type the claim code (tram pair):");
  while (!Serial.available()) delay(100);
  String code = Serial.readStringUntil('\n');
  code.trim();
  if (!mqtt.connect(id.c_str(), "pair", code.c_str())) {
    Serial.println("That code is not taken now.");
    return;
  }
  mqtt.subscribe("tram/1/pair/reply");
  mqtt.publish("tram/1/pair/request", ("{\"id\":\"" + id + "\",\"kind\":\"esp8266-homie\"}").c_str());
  reply = "";
  for (uint32_t since = millis(); reply == "" && millis() - since < 10000; delay(10)) mqtt.loop();
  mqtt.disconnect();
  int at = reply.indexOf("\"password\":\"");
  if (at < 0) {
    Serial.println(reply);
    return;
  }
  password = reply.substring(at + 12, reply.indexOf('"', at + 12));
  File file = LittleFS.open("/password", "w");
  file.print(password);
  file.close();
}

void comeUp() {
  if (!mqtt.connect(id.c_str(), id.c_str(), password.c_str(), topic("$state").c_str(), 1, true, "lost")) return delay(5000);
  say("$state", "init");
  say("$description", DESCRIPTION);
  say("relay/on", digitalRead(RELAY) ? "true" : "false");
  mqtt.subscribe(topic("+/+/set").c_str());
  say("$state", "ready");
}

void setup() {
  Serial.begin(115200);
  Serial.setTimeout(60000);
  pinMode(RELAY, OUTPUT);
  pinMode(FORGET, INPUT_PULLUP);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  LittleFS.begin();
  delay(2000);
  if (digitalRead(FORGET) == LOW) LittleFS.remove("/password");
  if (File file = LittleFS.open("/password", "r")) password = file.readString();
  id = "relay-" + String(ESP.getChipId(), HEX);
  mqtt.setServer(GATEWAY, 1883);
  mqtt.setBufferSize(512);
  mqtt.setCallback(onMessage);
}

void loop() {
  if (WiFi.status() != WL_CONNECTED) return delay(100);
  if (password == "") claim();
  else if (!mqtt.connected()) comeUp();
  mqtt.loop();
}
