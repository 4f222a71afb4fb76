"""An organisation's files, which mails carry as attachments or as images in their text.

In: bytes and a name. `kinds` says what they are, by the bytes alone; `refusing` what mail servers turn away; `keeping`
stores, finds and deletes them; `sizes` says how large a mail they make, and which provider takes it. What may fail:
`BadFile`, in words.
"""
