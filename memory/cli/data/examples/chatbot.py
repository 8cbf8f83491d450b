"""A chatbot that remembers every conversation: python chatbot.py [SESSION]

It uses the memories of the command line ('remem where' tells which), and the model that
'remem config set generator ...' named; without one, the small SmolLM2, which is for trying out.
"""

import sys

from remem import RememError, open_generator, open_memory, settings_given

model = open_generator(settings_given().generator or "bundled")

with open_memory() as memory:
    bot = memory.chat(model, session=sys.argv[1] if sys.argv[1:] else None, speaker="Me", k=5)
    print("Say something; an empty line ends it.")
    while message := input("you> ").strip():
        reply = bot.stream(message)
        for each in reply.recalled:
            when = f"{each.record.said_at:%d %b %Y}" if each.record.said_at else "undated"
            print(f"  remembered of {when}: {each.record.text[:70]}")
        try:
            for piece in reply:
                print(piece, end="", flush=True)
            print()
        except RememError as error:  # the model failed: nothing of this exchange is remembered
            print(f"\n{error}")
