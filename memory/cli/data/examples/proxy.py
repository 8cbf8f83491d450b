"""Any OpenAI client gets a memory by changing its base URL: python proxy.py [UPSTREAM]

UPSTREAM is the server of your model, such as http://localhost:11434/v1 (Ollama); by default
https://api.openai.com/v1. Needs: pip install 'remem[serve,openai]'
"""

import json
import os
import subprocess
import sys

from openai import OpenAI

upstream = sys.argv[1] if sys.argv[1:] else "https://api.openai.com/v1"
model = os.environ.get("MODEL", "gpt-4o-mini")

# In earnest, 'remem serve --upstream ...' runs for good, and this script is your chat program.
command = [sys.executable, "-m", "remem", "serve", "--upstream", upstream, "--port", "0", "--json"]
server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
try:
    url = json.loads(server.stdout.readline())["url"]
    client = OpenAI(base_url=f"{url}/v1", api_key=os.environ.get("OPENAI_API_KEY", "none"))

    def say(words: str, session: str) -> None:
        answer = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": words}],
            extra_headers={"X-Remem-Session": session},
        )
        print(f"you> {words}\n{answer.choices[0].message.content}\n")

    say("The spare key is at the bakery, in the tin with the rooster on it.", "monday")
    say("Where is the spare key?", "friday")  # another conversation, which knows
finally:
    server.terminate()
    server.wait()
