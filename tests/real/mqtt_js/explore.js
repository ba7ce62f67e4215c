// What MQTT Explorer does when it connects: one client of the npm package mqtt, "#" and "$SYS/#" with QoS 0.
//
//   node explore.js PORT TOPIC
//
// It prints one JSON object for each thing that happens. When both subscriptions are answered it publishes to
// TOPIC, retained, and it ends by SIGTERM.

"use strict";

const mqtt = require("mqtt");

const [port, topic] = process.argv.slice(2);
const subscriptions = ["#", "$SYS/#"];

function tell(about) {
  process.stdout.write(JSON.stringify(about) + "\n");
}

const client = mqtt.connect(`mqtt://127.0.0.1:${port}/`, {
  clientId: "mqtt-explorer-0a1b2c3d",
  resubscribe: false,
});

client.on("connect", () => {
  tell({ event: "connected" });
  let answered = 0;
  for (const filter of subscriptions) {
    client.subscribe(filter, { qos: 0 }, (error, granted) => {
      tell({ event: "subscribed", filter, error: error && error.message, qos: granted && granted.map((g) => g.qos) });
      answered += 1;
      if (answered === subscriptions.length) {
        client.publish(topic, "from explorer", { qos: 1, retain: true }, (failed) => {
          tell({ event: "published", error: failed && failed.message });
        });
      }
    });
  }
});

client.on("message", (from, payload, packet) => {
  tell({ event: "message", topic: from, length: payload.length, text: payload.toString("utf8", 0, 100), retained: packet.retain });
});
client.on("close", () => tell({ event: "closed" }));
client.on("error", (error) => tell({ event: "error", error: error.message }));
process.on("SIGTERM", () => client.end(false, () => process.exit(0)));
