"""Questions about your documents: python rag.py FOLDER QUESTION

Without a model it quotes the passages that answer; 'remem config set generator ...' names one.
PDF and DOCX need: pip install 'remem[documents]'
"""

import sys
from pathlib import Path

from remem import RememError, open_generator, open_memory, settings_given
from remem.generators.prompts import Prompt

folder, question = Path(sys.argv[1]), " ".join(sys.argv[2:])
kinds = {".txt", ".md", ".html", ".pdf", ".docx"}

with open_memory(namespace="documents") as memory:
    for file in sorted(path for path in folder.rglob("*") if path.suffix.lower() in kinds):
        try:
            added = memory.add_document(file, source=str(file.relative_to(folder)))
            print(f"{file}: {len(added.added)} new passages")
        except RememError as error:
            print(error)

    if spec := settings_given().generator:
        model = open_generator(spec)
        block = memory.context(question, budget=2000, count_tokens=model.count_tokens)
        print(model.generate(Prompt(question, block, instructions="Answer from the notes only.")))
    for quote in memory.quote(question):
        print(f"“{quote.text}”\n  {quote.recollection.record.source}")
