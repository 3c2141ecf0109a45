/** Reads the events of an answer to the end. EventSource cannot: it only ever sends a GET. */
export async function readEvents(response: Response, each: (event: string, data: unknown) => void): Promise<void> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const blocks = (rest + value).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const [event, data] = [field(block, 'event'), field(block, 'data')]
      if (event && data) each(event, JSON.parse(data))
    }
  }
}

function field(block: string, name: string): string | undefined {
  return block.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
}
