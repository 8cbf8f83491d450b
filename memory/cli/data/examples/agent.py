"""An agent that looks things up in its memory and notes what it learns: python agent.py TASK

OPENAI_API_KEY, or OPENAI_BASE_URL of another server, and MODEL say which model.
Needs: pip install 'remem[openai]'
"""

import json
import os
import sys

from openai import OpenAI

from remem import open_memory

text = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
does = {"recall": "What is remembered of it, as data.", "remember": "Note one fact for later."}
tools = [
    {"type": "function", "function": {"name": name, "description": what, "parameters": text}}
    for name, what in does.items()
]

with open_memory() as memory:
    run = {
        "recall": lambda text: memory.context(text, budget=500).text or "nobody said",
        "remember": lambda text: f"noted as {memory.add(text, origin='assistant').key}",
    }
    messages = [{"role": "user", "content": " ".join(sys.argv[1:])}]
    for _ in range(8):  # steps at most
        model = os.environ.get("MODEL", "gpt-4o-mini")
        answer = OpenAI().chat.completions.create(model=model, messages=messages, tools=tools)
        said = answer.choices[0].message
        messages.append(said.model_dump(exclude_none=True))
        if not (calls := said.tool_calls):
            break
        for each in calls:
            result = run[each.function.name](**json.loads(each.function.arguments))
            messages.append({"role": "tool", "tool_call_id": each.id, "content": result})
print(messages[-1]["content"])
