"""A Chainlit app as its users write them: a login, a step and an answer, and chats that can be resumed."""

import chainlit as cl


@cl.password_auth_callback
def log_in(username, password):
    return cl.User(identifier=username) if password == "the word" else None


@cl.on_message
async def answer(message):
    async with cl.Step(name="read_files", type="tool") as step:
        step.input = message.content
        step.output = ", ".join(element.name for element in message.elements) or "no file"
    await cl.Message(f"I read {step.output}").send()


@cl.on_chat_resume
async def resume(thread):
    """Nothing to prepare; without it there is no resuming."""
