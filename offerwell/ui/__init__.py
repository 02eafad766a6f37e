"""What both doors of people share: base page, components, template tags, paging, the selection form."""
