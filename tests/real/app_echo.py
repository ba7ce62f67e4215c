"""An app that sends back what it hears, for the matrix."""

from __future__ import annotations

from heliograph import App, Message

app = App("echo", device="matrix")


@app.on("echo/{name}/in", qos=2)
async def send_back(message: Message, name: str) -> None:
    await app.publish(f"echo/{name}/out", message.payload, qos=message.qos)


@app.on("echo/{name}/keep", qos=1)
def keep(name: str, payload: bytes) -> None:
    app.send(f"echo/{name}/kept", payload, retain=True)


@app.on("echo/{name}/was-kept", qos=1)
def tell_whether_it_was_kept(message: Message, name: str) -> None:
    app.send(f"echo/{name}/out", "retained" if message.retained else "new")


@app.on("echo/{name}/level/+/end", qos=1)
def one_level(message: Message, name: str) -> None:
    app.send(f"echo/{name}/one", message.topic)


@app.on("echo/{name}/level/{rest...}", qos=1)
def all_levels(name: str, rest: str) -> None:
    app.send(f"echo/{name}/all", rest)


@app.command("add")
def add(one: int) -> int:
    return one + 1


if __name__ == "__main__":
    app.run()
